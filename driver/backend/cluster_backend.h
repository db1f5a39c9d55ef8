// Cerium. Licensed under the Apache License 2.0.
// The seam between the scheduler loop and whatever runs tasks: threads of this process, executor processes of this
// machine, or a cluster.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/util/ids.h"
#include "driver/scheduler/dag_scheduler.h"
#include "driver/scheduler/failure.h"
#include "driver/scheduler/task_scheduler.h"
#include "executor/executor.h"

namespace cerium {

/// How a task ended, as the backend hands it to the loop: typed results of this process, encoded ones of another.
struct TaskEndEvent {
  ExecutorId executor;
  TaskReport report;  ///< In local mode with value and cells.
  Bytes encoded_result;
  std::vector<std::pair<AccumulatorId, Bytes>> encoded_cells;
  bool kept = false;  ///< The result is large and waits at the executor: fetchResult() or dropResult().
};

/// Map outputs of one shuffle on their way to another executor.
struct MovedOutputs {
  std::vector<int> maps;
  std::vector<uint64_t> checksums;  ///< Of each, so that no other attempt's output is moved.
};

/// An executor as it registers.
struct NewExecutor {
  std::string host;
  int cores = 0;
  uint64_t memory_bytes = 0;  ///< For blocks and operators.
};

/// What an executor uses of its machine.
struct ExecutorUse {
  uint64_t memory = 0;
  uint64_t disk = 0;
};

/// What a backend tells the loop. Threads: may be called from any thread; the loop takes each as an event.
class BackendEvents {
 public:
  virtual ~BackendEvents() = default;
  virtual void executorAdded(ExecutorId executor, NewExecutor added) = 0;
  /// `failure.kind` is kCrash where the process died; `crashed` are the tasks that were running on the thread at fault
  /// (empty: not known, then every running task is suspect).
  virtual void executorLost(ExecutorId executor, Failure failure, std::vector<TaskId> crashed) = 0;
  virtual void taskEnded(TaskEndEvent event) = 0;
  virtual void blockChanged(ExecutorId executor, BlockChange change) = 0;
  virtual void executorUses(ExecutorId executor, ExecutorUse use) = 0;
  /// Nothing can run any more: no executor starts. Every job fails with this text.
  virtual void backendFailed(std::string reason) = 0;
  /// The executor's machine leaves: it is to get no more tasks, what it holds is to be moved, then it is to be let go.
  virtual void executorLeaving(ExecutorId executor, std::string reason) = 0;
  /// moveShuffle() was done by `to`, or failed.
  virtual void shuffleMoved(ShuffleId shuffle, std::vector<int> maps, ExecutorId from, ExecutorId to,
                            std::string failure) = 0;
  /// retire() was done: the executor has no cores any more, and still serves its map outputs.
  virtual void executorRetired(ExecutorId executor) = 0;
  /// Runs `action` on the loop's thread.
  virtual void post(std::function<void()> action) = 0;
};

/// What the loop asks of a backend. Threads: on the loop's thread, except where a method says otherwise and for start()
/// and stop(), which the Context calls.
class ClusterBackend {
 public:
  virtual ~ClusterBackend() = default;
  virtual void start(BackendEvents& events) = 0;
  /// Ends all executors and waits for them. Idempotent.
  virtual void stop() = 0;

  virtual void launch(ExecutorId executor, std::vector<TaskLaunch> tasks, const DagScheduler& dag) = 0;
  virtual void kill(ExecutorId executor, TaskId task, const std::string& reason) = 0;
  /// Fetches a result that waits at its executor; the end of the task is then told again, with the result.
  virtual void fetchResult(TaskEndEvent) {}
  /// Nothing wants it any more.
  virtual void dropResult(ExecutorId, TaskId) {}
  /// A task that was killed, or that failed, has ended.
  virtual void taskGone(TaskId) {}
  /// Ends an executor that others cannot reach, so that nothing waits for what it may still say; its loss is then
  /// reported.
  virtual void endExecutor(ExecutorId executor, const std::string& reason) = 0;
  /// Whether the driver hears the executor, as far as it knows.
  [[nodiscard]] virtual bool reaches(ExecutorId) const { return true; }
  /// Has `to` fetch these map outputs from `from` and serve them.
  virtual void moveShuffle(ShuffleId, MovedOutputs, int /*reduces*/, ExecutorId, ExecutorId) {}
  /// Has `to` fetch and cache a copy of this block.
  virtual void copyBlock(RddId, int /*partition*/, ExecutorId, ExecutorId) {}
  /// Drops the cached partitions of an RDD that stays persisted.
  virtual void dropCached(RddId rdd) { dropRdd(rdd); }
  /// Has the executor give back its cores and memory, and go on serving its map outputs.
  virtual void retire(ExecutorId) {}
  /// Ends an executor that nobody needs any more; its loss is then reported.
  virtual void letGo(ExecutorId, const std::string& /*reason*/) {}
  /// Some that have not registered yet.
  [[nodiscard]] virtual bool isStartingExecutors() const { return false; }
  /// How many executors there should be; only with dynamic allocation.
  virtual void want(int /*executors*/) {}
  virtual void dropStage(StageId stage) = 0;
  virtual void dropShuffle(ShuffleId shuffle) = 0;
  virtual void dropRdd(RddId rdd) = 0;
  virtual void dropBroadcast(BroadcastId broadcast) = 0;
  /// Called every 100 ms: heartbeats that are overdue.
  virtual void tick(Millis now) = 0;

  /// A broadcast value, to be encoded when an executor asks for it first. Any thread.
  virtual void addBroadcast(BroadcastId id, std::function<Bytes()> encode) = 0;
  virtual void removeBroadcast(BroadcastId id) = 0;
  /// There are more added files.
  virtual void filesChanged() {}

  /// Threads of this process: task failures are retried localFailures() times at most, since nothing else may differ.
  [[nodiscard]] virtual bool isLocal() const { return false; }
  [[nodiscard]] virtual int localFailures() const { return 1; }
  [[nodiscard]] virtual int defaultParallelism() const = 0;
  /// Where executors write their logs; empty in local mode.
  [[nodiscard]] virtual std::string logDir() const { return {}; }
};

}  // namespace cerium
