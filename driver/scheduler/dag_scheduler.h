// Cerium. Licensed under the Apache License 2.0.
// Cuts jobs into stages at shuffles and decides which stage may run, what is lost and must run again, and when a job
// ends. A pure machine: events in, instructions out; no thread, clock, socket or random device.
// One loop (driver/backend/scheduler_loop.cc) feeds it and carries its instructions out. Read
// driver/scheduler/task_scheduler.h next.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <variant>
#include <vector>

#include "base/util/ids.h"
#include "driver/scheduler/failure.h"
#include "rdd/node.h"
#include "rdd/shuffle/shuffle_sizes.h"

namespace cerium {

/// A job as the loop hands it over: run something on these partitions of `node`, or make the whole output of `shuffle`.
struct JobSpec {
  JobId id;
  NodePtr node;  ///< With a shuffle, its parent.
  std::vector<int> partitions;
  std::string pool;                                      ///< FAIR pool; empty for the default one.
  std::shared_ptr<ShuffleDependency> shuffle = nullptr;  ///< Set: no result stage; `partitions` is empty.
};

/// What a finished map task left behind, and where.
struct MapOutputStatus {
  ExecutorId executor;
  uint64_t checksum = 0;  ///< Of its records in order: tells two attempts' outputs apart.
};

/// Of each map task of a shuffle; empty where there is none (any more).
using MapOutputs = std::vector<std::optional<MapOutputStatus>>;

/// A stage, as instructions name it.
struct StageRef {
  StageId id;
  int attempt = 0;
  friend auto operator<=>(const StageRef&, const StageRef&) = default;
};

namespace dag {

/// Hand these tasks to the task scheduler. `locations[i]` are executors that hold cached input of partitions[i]; empty
/// where that is so of none, and `hosts` likewise.
struct SubmitTasks {
  StageRef stage;
  NodePtr node;
  std::shared_ptr<ShuffleDependency> shuffle;  ///< Null for the result stage of `job`.
  JobId job;                                   ///< The job on whose behalf it runs (priority: lower runs first).
  std::string pool;
  std::vector<int> partitions;
  int missing = 0;  ///< Partitions that the stage lacks in all, those of older attempts that still run included.
  std::vector<StageId> parents;  ///< Whose output it reads.
  std::vector<std::vector<ExecutorId>> locations;
  std::vector<RddId> inputs;  ///< And this is the RDD whose cached partition that is.
  bool barrier = false;
  /// Hosts that hold stored input (a file, say) of partitions[i]: worth trying first, never worth waiting for.
  std::vector<std::vector<std::string>> hosts;
  /// The executor that holds most of the shuffle output which partitions[i] reads; likewise. Invalid where none does.
  std::vector<ExecutorId> near;
};
/// Stop what still runs of this stage attempt; nobody needs it.
struct CancelTasks {
  StageRef stage;
  std::string reason;
};
/// No attempt of this stage will run again on behalf of a present job: executors may forget it.
struct StageDone {
  StageId stage;
  bool skipped = false;  ///< True where its output existed already and it never ran.
  /// What it computed; null for a result stage. A skipped stage was never named by a SubmitTasks, only here.
  std::shared_ptr<ShuffleDependency> shuffle;
  std::string failure;  ///< Why it cannot succeed; empty where it did, or is not needed any more.
};
struct JobSucceeded {
  JobId job;
  /// The sizes of the output, for a job that was to make a shuffle's.
  std::shared_ptr<const ShuffleSizes> sizes = {};
};
struct JobAborted {
  JobId job;
  Failure failure;
};
/// Cached partitions of this RDD were computed from what is not so any more: executors must drop them.
struct DropCached {
  RddId rdd;
};
/// One line of the story for the log: what was lost, why, and what runs again.
struct Note {
  std::string text;
};

using Instruction = std::variant<SubmitTasks, CancelTasks, StageDone, JobSucceeded, JobAborted, DropCached, Note>;
using Instructions = std::vector<Instruction>;

}  // namespace dag

/// A stage that a job needs, as known when the job was submitted.
struct PlannedStage {
  StageId id;
  NodePtr node;
  std::shared_ptr<ShuffleDependency> shuffle;  ///< Null for the result stage.
  std::vector<StageId> parents;                ///< Whose output it reads.
  int num_tasks = 0;                           ///< Of all its partitions that the job needs.
};

/// What the DAG scheduler decided about one finished task.
struct TaskVerdict {
  dag::Instructions instructions;
  /// True for the first success of this (stage, partition) that counts: only then are its result delivered and its
  /// accumulator updates merged. A map task that ran again because its output was lost does not count twice.
  bool counts = false;
  /// True where the stage was missing this partition: a second copy, or what was made again meanwhile, is no progress.
  bool is_progress = false;
  /// True where this was the last success that the stage was missing. (It runs again, as a new attempt, should its
  /// output be lost while a job needs it; StageDone comes when no job can need it any more.)
  bool stage_complete = false;
};

/// Threads: externally synchronised; all methods are called by the scheduler loop.
/// States of a stage: waiting (a parent lacks output) -> running -> done; running -> waiting after a fetch failure.
class DagScheduler {
 public:
  struct Options {
    /// So many attempts of a stage that fail by fetching, without a task of it that succeeds in between, fail its jobs.
    int max_stage_attempts = 4;
    bool follows_sizes = true;  ///< Tasks are ordered and placed by the sizes of what they read (followSizes()).
  };
  explicit DagScheduler(Options options);
  ~DagScheduler();

  dag::Instructions submitJob(JobSpec job);
  /// The stages of an active job, parents before children, those whose output exists included. Stages that read only
  /// such output are not looked behind. O(stages of the job).
  [[nodiscard]] std::vector<PlannedStage> stagesOf(JobId job) const;
  dag::Instructions cancelJob(JobId job, const std::string& reason);

  /// A task of (stage, partition) succeeded; `output` is what it left where it ran (of a result task only the place
  /// counts), and `sizes` those of its parts. Where a map output was lost and this one differs from it, what was
  /// computed from the lost one is given up: map stages run again from the start, cached partitions are dropped, and a
  /// job that has results of it already fails.
  TaskVerdict taskSucceeded(StageRef stage, int partition, MapOutputStatus output,
                            const std::vector<PartSize>& sizes = {});
  /// A task could not read map output `map` of `shuffle` from `source`; `source` invalid where nobody holds it.
  dag::Instructions fetchFailed(StageRef stage, int partition, ShuffleId shuffle, int map, ExecutorId source,
                                const std::string& detail);
  /// The task scheduler gave the stage up.
  dag::Instructions stageFailed(StageRef stage, const Failure& failure);
  /// The executor and all it held (map output, cached blocks) are gone.
  dag::Instructions executorLost(ExecutorId executor, const std::string& reason);

  /// What would be lost with the executor: map outputs as (shuffle, map), cached blocks as (RDD, partition), in order.
  [[nodiscard]] std::vector<std::pair<ShuffleId, int>> mapOutputsOn(ExecutorId executor) const;
  [[nodiscard]] std::vector<std::pair<RddId, int>> blocksOn(ExecutorId executor) const;
  /// The executors that have the cached partition.
  [[nodiscard]] std::vector<ExecutorId> holders(RddId rdd, int partition) const;
  /// Whether blocksOn() names any. O(1).
  [[nodiscard]] bool holdsBlocks(ExecutorId executor) const;
  /// Another executor has these map outputs now.
  void mapOutputsMoved(ShuffleId shuffle, const std::vector<int>& maps, ExecutorId from, ExecutorId to);

  void blockCached(RddId rdd, int partition, ExecutorId executor);
  void blockDropped(RddId rdd, int partition, ExecutorId executor);
  void rddUnpersisted(RddId rdd);
  /// The program holds no handle of this shuffle any more.
  void shuffleReleased(ShuffleId shuffle);

  /// Where each map output of `shuffle` is now; empty where the shuffle is not known. What is returned does not change.
  [[nodiscard]] std::shared_ptr<const MapOutputs> mapOutputs(ShuffleId shuffle) const;
  /// Grows with every change of the locations of `shuffle`, so that a backend knows which executors to tell again.
  [[nodiscard]] int64_t mapOutputEpoch(ShuffleId shuffle) const;
  /// How many parts each map output of `shuffle` has; 0 where it is not known.
  [[nodiscard]] int numReduces(ShuffleId shuffle) const;
  /// The number of stages and jobs it holds; 0 and 0 when idle, however many ran before.
  [[nodiscard]] size_t activeStages() const;
  [[nodiscard]] size_t activeJobs() const;
  /// Empty while each active job can go on; else what is wrong. O(stages), for tests and debugging.
  [[nodiscard]] std::string checkInvariants() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace cerium
