// Cerium. Licensed under the Apache License 2.0.
// The DAG scheduler's records of a stage and of a job. Private to driver/scheduler/dag_scheduler.cc.
#pragma once

#include <memory>
#include <set>
#include <string>
#include <vector>

#include "driver/scheduler/dag_scheduler.h"
#include "driver/scheduler/partition_set.h"

namespace cerium {

struct Stage;
/// Orders stages by age and not by address, so that the same events always yield the same instructions.
struct ByAge {
  bool operator()(const Stage* a, const Stage* b) const;
};
using StageSet = std::set<Stage*, ByAge>;

/// The map side of one shuffle, shared by all jobs, or the last stage of one job.
/// kIdle: new, or all its output exists (some may be lost again while nobody needs it).
/// kWaiting: a parent lacks output. kRunning: the task scheduler has its missing partitions.
/// Allowed: kIdle -> kWaiting -> kRunning -> kIdle; kRunning -> kWaiting after a fetch failure; kWaiting -> kIdle when
/// the tasks of an older attempt complete it.
struct Stage {
  enum class State { kIdle, kWaiting, kRunning };

  int64_t serial = 0;  ///< Age.
  StageId id;          ///< Given when a job is submitted or finds it needs the stage; parents have lower ids.
  int attempt = -1;    ///< Of the last submission; -1 before the first.
  NodePtr node;
  std::shared_ptr<ShuffleDependency> shuffle;  ///< Null for the result stage of `result_of`.
  JobId result_of;
  std::set<JobId> jobs;  ///< That need it; it is removed with the last of them.
  State state = State::kIdle;
  bool removed = false;

  std::vector<std::shared_ptr<ShuffleDependency>> parents;  ///< As of the last walk.
  /// Shuffles that a task asked for though the walk had stopped short of them at a cached node.
  std::vector<std::shared_ptr<ShuffleDependency>> forced;
  /// All shuffles that its tasks may read, also behind cached nodes. As of the last run.
  std::vector<ShuffleId> inputs;
  StageSet waiting_for;
  StageSet waiters;  ///< The other end of `waiting_for`.

  /// Partitions that the task scheduler owes us.
  PartitionSet outstanding;
  /// Results of older attempts do not count: they may come from input that was different.
  int first_valid_attempt = 0;
  int failed_attempts = 0;  ///< By fetch failures, since the last task that succeeded.
  bool barrier = false;
  std::string failure;  ///< Why it is given up.

  [[nodiscard]] StageRef ref() const { return {id, attempt}; }
  /// "stage 3 (map at wordcount.cc:12)".
  [[nodiscard]] std::string str() const { return "stage " + id.str() + " (" + node->site().str() + ")"; }
};

inline bool ByAge::operator()(const Stage* a, const Stage* b) const { return a->serial < b->serial; }

struct Job {
  JobSpec spec;
  Stage* result = nullptr;
  PartitionSet unfinished;
  std::vector<Stage*> stages;  ///< Those that have this job in `jobs`.
};

}  // namespace cerium
