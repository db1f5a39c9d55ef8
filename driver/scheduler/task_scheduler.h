// Cerium. Licensed under the Apache License 2.0.
// Decides which task runs on which executor, when it is tried again, when a second copy is started, and when a stage
// is given up. A pure machine, as driver/scheduler/dag_scheduler.h is: events and the time in, instructions out.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "base/util/ids.h"
#include "base/util/millis.h"
#include "driver/scheduler/dag_scheduler.h"
#include "driver/scheduler/failure.h"

namespace cerium {

namespace tasks {

/// Start these on `executor`, in this order, as cores become free there.
struct Launch {
  struct Task {
    TaskId id;
    StageRef stage;
    int partition;
    int attempt;  ///< 0 for the first try of this partition.
    bool speculative;
  };
  ExecutorId executor;
  std::vector<Task> tasks;
};
struct Kill {
  ExecutorId executor;
  TaskId task;
  std::string reason;
};
/// A task failed `max_task_failures` times (or can run nowhere): the stage cannot succeed.
struct GiveUp {
  StageRef stage;
  Failure failure;
};
struct Note {
  std::string text;
};
/// The executor gets no tasks for so long, unless no other is left.
struct Excluded {
  ExecutorId executor;
  std::string host;
  std::string reason;
  Millis lasts = 0;
};
/// Its exclusion is over.
struct Readmitted {
  ExecutorId executor;
};

using Instruction = std::variant<Launch, Kill, GiveUp, Note, Excluded, Readmitted>;
using Instructions = std::vector<Instruction>;

}  // namespace tasks

/// A running or queued attempt, as the loop asks for it.
struct RunningTask {
  TaskId id;
  StageRef stage;
  int partition = -1;
  int attempt = 0;
  ExecutorId executor;
  bool speculative = false;
  bool killed = false;  ///< Its end is awaited only to free its core; its result must not be used.
  Millis launched = 0;
};

/// One task set a stage: a later attempt joins the set of an earlier one, whose running tasks go on and count.
/// Threads: externally synchronised; all methods are called by the scheduler loop.
class TaskScheduler {
 public:
  struct Options {
    int max_task_failures = 4;
    int max_executors_lost = 16;  ///< A stage is given up after one of its tasks lost so many executors.
    bool fair = false;            ///< FAIR between pools, FIFO by job inside one; else FIFO by job.
    bool speculation = true;
    double speculation_quantile = 0.75;   ///< Of a stage's tasks that must have ended before copies start.
    double speculation_multiplier = 3.0;  ///< Times the median duration.
    Millis speculation_min_ms = 1000;     ///< Shorter tasks are never copied.
    int exclude_after_failures = 3;       ///< Task failures (of different tasks) on one executor that exclude it...
    Millis exclude_ms = 60'000;           ///< ...for so long, unless no other executor is left.
    Millis queue_ahead_ms = 20;           ///< Work sent ahead to an executor whose cores are busy, by mean duration...
    int queue_ahead_max = 512;            ///< ...in tasks per core, so that short tasks do not wait for a round trip.
    Millis locality_wait_ms = 50;         ///< The most that a task waits for the executor which caches its input.
    Millis move_worth_ms = 20;            ///< Less work than that is left where its input is cached.
    Millis barrier_wait_ms = 10'000;      ///< How long a barrier stage bears too few cores after the last one came.
  };
  explicit TaskScheduler(Options options);
  ~TaskScheduler();

  tasks::Instructions executorAdded(ExecutorId executor, const std::string& host, int cores, Millis now);
  /// Its tasks fail with `failure`; only those named in `guilty` count as tries, or after a crash for which nobody is
  /// named all that had begun. One that loses executor after executor, whatever the reason, ends as well.
  tasks::Instructions executorLost(ExecutorId executor, const Failure& failure, const std::vector<TaskId>& guilty,
                                   Millis now);
  /// Gives the executor no more tasks; its running tasks go on. If it was the last executor that was not excluded, the
  /// excluded ones get the waiting tasks at once.
  tasks::Instructions executorLeaving(ExecutorId executor, Millis now);
  /// Others do not reach that host: for a while its executors, and those that come there, get no tasks, unless no
  /// others are left: then all get tasks.
  tasks::Instructions excludeHost(const std::string& host, Millis now);
  /// How long an exclusion lasts.
  [[nodiscard]] Millis excludeMillis() const;
  /// Partitions that are pending or running already stay as they are; the others become pending.
  tasks::Instructions submit(const dag::SubmitTasks& task_set, Millis now);
  /// Kills what runs of the stage, up to this attempt. Unknown stages are ignored.
  tasks::Instructions cancel(StageRef stage, const std::string& reason, Millis now);
  /// The task ended well. Kills its copies. Unknown and already ended ids are ignored (late or doubled messages).
  /// Report the ends of killed tasks too, here or to failed(): that is what frees their cores.
  tasks::Instructions succeeded(TaskId task, Millis now);
  /// The task ended badly: tried again elsewhere if possible, up to max_task_failures; a fetch failure does not count
  /// and is not retried here (the DAG scheduler resubmits the stage).
  tasks::Instructions failed(TaskId task, const Failure& failure, Millis now);
  /// From here to endBatch(), ends of tasks give out no work: endBatch() does, to all cores that became free, in
  /// launches as large as they can be.
  void beginBatch();
  tasks::Instructions endBatch(Millis now);
  /// Called every 100 ms or so: speculation, ends of exclusions.
  tasks::Instructions tick(Millis now);

  /// Null where the task is not known (any more).
  [[nodiscard]] const RunningTask* find(TaskId task) const;
  [[nodiscard]] std::vector<RunningTask> runningOn(ExecutorId executor) const;
  [[nodiscard]] int totalCores() const;
  [[nodiscard]] size_t pendingTasks() const;
  /// The least id of those that are under way, or nextTask().
  [[nodiscard]] TaskId oldestTask() const;
  [[nodiscard]] TaskId nextTask() const;
  /// What waits and why, one line a stage ("stage 3: 12 tasks wait for a free core; 2 executors, 4 cores, all busy").
  [[nodiscard]] std::string explainWaiting(Millis now) const;

  /// Empty while the books balance and no core idles beside a task it could run; else what is wrong. For tests.
  [[nodiscard]] std::string checkInvariants() const;

  /// FAIR pools: weight and minimum share of cores; unknown pools have 1 and 0.
  void setPool(const std::string& name, int weight, int min_share);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace cerium
