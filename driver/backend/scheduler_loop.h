// Cerium. Licensed under the Apache License 2.0.
// The one thread that owns the schedulers: takes events, feeds the pure machines, carries their instructions out.
#pragma once

#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <thread>
#include <variant>

#include "driver/backend/cluster_backend.h"
#include "driver/backend/running_job.h"
#include "driver/events/event_bus.h"
#include "driver/scheduler/allocation_policy.h"
#include "driver/scheduler/decommission.h"
#include "driver/scheduler/fetch_failure_tracker.h"

namespace cerium {

/// Threads: public methods from any thread; everything private runs on the loop's thread.
/// Life: start() -> stop(), which fails the jobs that still run.
class SchedulerLoop final : public BackendEvents {
 public:
  struct Options {
    DagScheduler::Options dag;
    TaskScheduler::Options tasks;
    AllocationPolicy::Options allocation;
    uint64_t max_result_bytes = 0;  ///< Of one job, as they travel; 0 is no limit.
  };
  SchedulerLoop(Options options, ClusterBackend& backend, EventBus& bus);
  ~SchedulerLoop() override;

  void start();
  void stop(const std::string& reason);

  void submit(std::shared_ptr<RunningJob> job);
  void cancelJob(JobId job, const std::string& reason);
  /// Cancels the jobs that `which` names; empty: all.
  void cancelJobs(std::function<bool(const JobSettings&)> which, const std::string& reason);
  void releaseShuffle(ShuffleId shuffle);
  void unpersist(RddId rdd);
  /// Blocks until all that was posted before has been done. Not on the loop's thread.
  void waitUntilIdle();
  void dropBroadcast(BroadcastId broadcast);
  void filesChanged();
  void setPool(const std::string& name, int weight, int min_share);
  /// What waits and why; for a stuck program's log.
  [[nodiscard]] std::string explainWaiting();

  // BackendEvents
  void executorAdded(ExecutorId executor, NewExecutor added) override;
  void executorLost(ExecutorId executor, Failure failure, std::vector<TaskId> crashed) override;
  void taskEnded(TaskEndEvent event) override;
  void blockChanged(ExecutorId executor, BlockChange change) override;
  void executorUses(ExecutorId executor, ExecutorUse use) override;
  void backendFailed(std::string reason) override;
  void executorLeaving(ExecutorId executor, std::string reason) override;
  void shuffleMoved(ShuffleId shuffle, std::vector<int> maps, ExecutorId from, ExecutorId to,
                    std::string failure) override;
  void executorRetired(ExecutorId executor) override;
  void post(std::function<void()> action) override;

 private:
  struct Stage {
    StageCodePtr code;
    NodePtr node;                                           ///< Keeps the lineage alive while tasks may be launched.
    std::shared_ptr<const events::StageDescription> shown;  ///< Of its last attempt.
    events::StageFigures figures;
    Millis submitted = 0;      ///< The last attempt.
    bool is_over = false;      ///< The end of that attempt is told.
    bool has_changed = false;  ///< Its figures, since they were told.
  };

  void run();
  /// In the order given, and after those that are being carried out: what one of them brings about comes behind the
  /// rest, so that no task is told to stop before it is launched, and no stage is dropped under a launch.
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
  void tick();
  void beginDecommission(ExecutorId executor, const std::string& reason);
  void followDecommissions();
  void moveBlocks(ExecutorId from);
  void decideAllocation();
  void handleTaskEnd(TaskEndEvent& event);
  void taskSucceeded(TaskEndEvent& event, const RunningTask& task);
  void taskFailed(TaskEndEvent& event, const RunningTask& task);
  void mergeAccumulators(const TaskEndEvent& event);
  void deliver(TaskEndEvent& event, const RunningTask& task);
  [[nodiscard]] RunningJob* jobOf(const RunningTask& result_task);
  [[nodiscard]] bool isTooMuch(const TaskEndEvent& event, const RunningTask& task);
  void refuseResult(TaskEndEvent& event, const RunningTask& task);
  void failDelivery(dag::Instructions instructions, const RunningTask& task, const Failure& failure);
  void endJob(JobId job, std::optional<Failure> failure);
  void fetchFailed(const TaskEndEvent& event, const RunningTask& task, Failure failure);
  [[nodiscard]] Failure inDriver(const RunningTask& task) const;
  void excludeHost(ExecutorId source, ExecutorId reader);
  [[nodiscard]] Failure toFailure(const TaskEndEvent& event, const RunningTask& task) const;
  [[nodiscard]] Millis now() const;

  // What is told to readers of events (scheduler_events.cc).
  void tellJobStarted(RunningJob& job);
  void tellJobEnded(const RunningJob& job, const std::optional<Failure>& failure);
  void tellSubmitted(Stage& stage, const dag::SubmitTasks& submit);
  void tellSkipped(const dag::StageDone& done);
  void tellOver(Stage& stage, events::StageOutcome outcome, const std::string& failure = {});
  void figuresChanged(StageId id, Stage& stage);
  void tellProgress();
  void tellLaunched(const tasks::Launch& launch);
  void tellTaskEnded(const TaskReport& report, const RunningTask& task);
  void tellTaskEnded(const TaskReport& report, const RunningTask& task, events::TaskOutcome outcome);
  void tellTasksLost(ExecutorId executor, const std::string& reason);
  void tellUnended();
  [[nodiscard]] events::TaskAttempt shown(const RunningTask& task) const;
  [[nodiscard]] std::string hostOf(ExecutorId executor) const;

  ClusterBackend& backend_;
  EventBus& bus_;
  const uint64_t max_result_bytes_;
  std::thread thread_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::function<void()>> events_;  // guarded by mutex_
  bool stopping_ = false;                     // guarded by mutex_

  // Owned by the loop's thread.
  DagScheduler dag_;
  TaskScheduler tasks_;
  DecommissionTracker decommissions_;
  FetchFailureTracker fetch_failures_;
  std::map<ExecutorId, std::string> leave_on_arrival_;  ///< Told to leave before they had registered, and why.
  AllocationPolicy allocation_;
  std::map<JobId, std::shared_ptr<RunningJob>> jobs_;
  std::map<StageId, Stage> stages_;
  std::map<ExecutorId, std::string> hosts_;
  std::map<ExecutorId, int> cores_;  ///< Of those that run tasks.
  std::string dead_;                 ///< Why nothing can run any more.
  std::deque<std::variant<dag::Instruction, tasks::Instruction>> to_carry_out_;
  bool is_carrying_out_ = false;
  std::vector<StageId> changed_;  ///< Stages whose figures have changed since tellProgress().
  std::chrono::steady_clock::time_point next_progress_;
};

}  // namespace cerium
