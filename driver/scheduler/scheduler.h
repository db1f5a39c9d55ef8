// Cerium. Licensed under the Apache License 2.0.
// The scheduler of one application: what follows from each thing that happens, for jobs, stages, tasks and executors.
// A pure machine: events (driver/scheduler/inputs.h) and the time in, instructions (driver/scheduler/instructions.h)
// out; no thread, clock, socket or random device. The same events give the same instructions.
// driver/backend/scheduler_loop.h feeds it; tests/driver/scheduler/simulation_test.cc runs it without a cluster.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <unordered_map>
#include <variant>
#include <vector>

#include "driver/scheduler/allocation_policy.h"
#include "driver/scheduler/dag_scheduler.h"
#include "driver/scheduler/decommission.h"
#include "driver/scheduler/fetch_failure_tracker.h"
#include "driver/scheduler/inputs.h"
#include "driver/scheduler/instructions.h"
#include "driver/scheduler/task_scheduler.h"

namespace cerium {

/// Owns the DAG scheduler (stages) and the task scheduler (cores), and joins them: what the one decides is told to the
/// other before handle() returns. Threads: externally synchronised.
class Scheduler {
 public:
  struct Options {
    DagScheduler::Options dag = {};
    TaskScheduler::Options tasks = {};
    AllocationPolicy::Options allocation = {};
    uint64_t max_result_bytes = 0;  ///< Of one job, as they travel; 0 is no limit.
    bool locates_inputs = true;     ///< Launches say where map outputs and cached partitions are.
  };
  explicit Scheduler(Options options);

  /// What follows from one event. `now` never goes back. Events about things that are not known (any more) are ignored:
  /// messages may be late or doubled.
  [[nodiscard]] out::Instructions handle(in::Event event, Millis now);

  /// Whether a job waits or runs.
  [[nodiscard]] bool isBusy() const { return !jobs_.empty(); }
  /// What waits and why, one line a stage; for a stuck program's log.
  [[nodiscard]] std::string explainWaiting(Millis now) const { return tasks_.explainWaiting(now); }
  /// Empty where nothing is held any more of jobs that ended; else what is held. For tests.
  [[nodiscard]] std::string checkIdle() const;
  /// Empty while the books balance; else what is wrong. O(all that is known); for tests.
  [[nodiscard]] std::string checkInvariants() const;

 private:
  struct Job {
    std::shared_ptr<const events::JobDescription> shown;
    Millis started = 0;
    std::vector<StageId> stages;  ///< That ran for it.
    std::vector<bool> measured;   ///< By partition of its RDD: whether its result is in `result_bytes`.
    uint64_t result_bytes = 0;
  };
  struct Stage {
    NodePtr node;                                           ///< Keeps the lineage alive while tasks may be launched.
    std::shared_ptr<ShuffleDependency> shuffle;             ///< Null for a result stage.
    std::vector<ShuffleId> reads;                           ///< Shuffles that its tasks may read.
    bool may_read_cached = false;                           ///< Some RDD of it is persisted.
    std::shared_ptr<const events::StageDescription> shown;  ///< Of its last attempt.
    events::StageFigures figures;
    Millis submitted = 0;      ///< The last attempt.
    bool is_over = false;      ///< The end of that attempt is told.
    bool has_changed = false;  ///< Its figures, since they were told.
  };
  struct Executor {
    std::string host;
    int cores = 0;  ///< 0 once it is retired.
  };

  void on(in::JobSubmitted& event);
  void on(in::JobCancelled& event);
  void on(in::ShuffleReleased& event);
  void on(in::RddUnpersisted& event);
  void on(in::PoolConfigured& event);
  void on(in::ReadersChanged& event);
  void on(in::ExecutorAdded& event);
  void on(in::ExecutorLost& event);
  void on(in::ExecutorLeaving& event);
  void on(in::ExecutorRetired& event);
  void on(in::ExecutorUses& event);
  void on(in::TasksEnded& event);
  void on(in::BlockChanged& event);
  void on(in::ShuffleMoved& event);
  void on(in::BackendFailed& event);
  void on(in::DeliveryFailed& event);
  void on(in::JobConfirmed& event);
  void on(in::Tick& event);
  void on(in::Stopped& event);

  /// Takes what one of the two schedulers decided, after what is being carried out: what follows from one decision
  /// comes behind the rest.
  void carryOut(dag::Instructions instructions);
  void carryOut(tasks::Instructions instructions);
  void carryOutAll();
  void carry(dag::SubmitTasks& submit);
  void carry(dag::CancelTasks& cancel);
  void carry(dag::StageDone& done);
  void carry(dag::JobSucceeded& succeeded);
  void carry(dag::JobAborted& aborted);
  void carry(dag::DropCached& drop);
  void carry(dag::Note& note);
  void carry(tasks::Launch& launch);
  void carry(tasks::Kill& kill);
  void carry(tasks::GiveUp& give_up);
  void carry(tasks::Note& note);
  void carry(tasks::Excluded& excluded);
  void carry(tasks::Readmitted& readmitted);

  void noteInputs(Stage& stage);
  void endKilled(TaskId task);
  [[nodiscard]] out::Launch located(const tasks::Launch& launch) const;
  void locateCached(const RddNode& node, out::LaunchedTask& task) const;
  void endJob(JobId job, std::optional<Failure> failure);
  void replicate(ExecutorId holder, const BlockChange& change);

  // Ends of tasks (scheduler_task_ends.cc).
  void taskEnded(ExecutorId executor, const TaskEnd& end, const std::set<ExecutorId>& unheard);
  void taskSucceeded(ExecutorId executor, const TaskEnd& end, const RunningTask& task);
  void taskFailed(ExecutorId executor, const TaskEnd& end, const RunningTask& task, bool is_source_heard);
  void fetchFailed(const TaskEnd& end, const RunningTask& task, Failure failure, bool is_source_heard);
  void excludeHost(ExecutorId source, ExecutorId reader);
  [[nodiscard]] Job* jobOf(const RunningTask& result_task);
  [[nodiscard]] bool isTooMuch(const TaskEnd& end, const RunningTask& task);
  void refuseResult(TaskEnd end, const RunningTask& task);
  [[nodiscard]] std::string actionOf(StageId stage) const;
  [[nodiscard]] Failure toFailure(ExecutorId executor, const TaskEnd& end, const RunningTask& task) const;

  // Executors that leave or are not needed (scheduler_decommission.cc).
  void beginDecommission(ExecutorId executor, const std::string& reason);
  void followDecommissions(bool executors_are_starting);
  void moveBlocks(ExecutorId from);
  [[nodiscard]] DecommissionTracker::Outputs moveOutputs(ExecutorId from, const std::vector<ExecutorId>& takers,
                                                         size_t& next);
  [[nodiscard]] DecommissionTracker::Blocks moveCached(ExecutorId from, const std::vector<ExecutorId>& takers,
                                                       size_t& next);
  void decideAllocation();

  // What readers of events are told (scheduler_tells.cc).
  void tell(events::Event event) { out_.emplace_back(out::Tell{std::move(event)}); }
  void tellJobStarted(JobId id, const Job& job);
  void tellJobEnded(const Job& job, const std::optional<Failure>& failure);
  [[nodiscard]] events::StageDescription describe(const RddNode& node, const ShuffleDependency* shuffle,
                                                  const events::JobDescription& job) const;
  void tellSubmitted(Stage& stage, const dag::SubmitTasks& submit);
  void tellSkipped(const dag::StageDone& done);
  void tellOver(Stage& stage, events::StageOutcome outcome, const std::string& failure = {});
  void countProgress(StageId id, const TaskMetrics& metrics);
  void figuresChanged(StageId id, Stage& stage);
  void tellProgress();
  void tellLaunched(const tasks::Launch& launch);
  void tellTaskEnded(const TaskEnd& end, const RunningTask& task);
  void tellTaskEnded(const TaskEnd& end, const RunningTask& task, events::TaskOutcome outcome);
  void tellTasksLost(ExecutorId executor, const std::string& reason, events::TaskOutcome outcome);
  [[nodiscard]] events::TaskAttempt shown(const RunningTask& task) const;
  [[nodiscard]] std::string hostOf(ExecutorId executor) const;

  void log(std::string text) { out_.emplace_back(out::Log{false, std::move(text)}); }
  void warn(std::string text) { out_.emplace_back(out::Log{true, std::move(text)}); }

  const uint64_t max_result_bytes_;
  const bool locates_inputs_;
  DagScheduler dag_;
  TaskScheduler tasks_;
  DecommissionTracker decommissions_;
  FetchFailureTracker fetch_failures_;
  AllocationPolicy allocation_;
  std::map<JobId, Job> jobs_;
  std::map<StageId, Stage> stages_;
  std::map<ExecutorId, Executor> executors_;
  std::map<ExecutorId, std::string> leave_on_arrival_;  ///< Told to leave before they had registered, and why.
  std::unordered_map<RddId, StorageLevel> levels_;      ///< Of persisted RDDs that some stage reads or fills.
  std::string dead_;                                    ///< Why nothing can run any more.
  bool is_watched_ = false;

  // Of the event at hand.
  Millis now_ = 0;
  out::Instructions out_;
  std::deque<std::variant<dag::Instruction, tasks::Instruction>> to_carry_out_;
  bool is_carrying_out_ = false;
  std::set<TaskId> never_launched_;  ///< Their stage was dropped between the decision to launch them and the launch.

  std::vector<StageId> changed_;  ///< Stages whose figures changed since tellProgress().
  Millis next_progress_ = 0;
};

}  // namespace cerium
