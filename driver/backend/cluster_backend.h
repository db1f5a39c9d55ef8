// Cerium. Licensed under the Apache License 2.0.
// The seam between the scheduler loop and what runs tasks: threads of this process, executor processes of this machine,
// or a cluster.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/util/bytes.h"
#include "base/util/ids.h"
#include "base/util/millis.h"
#include "driver/scheduler/inputs.h"
#include "driver/scheduler/instructions.h"
#include "rdd/task.h"

namespace cerium {

/// A task that ended, with what it computed: typed where the task ran in this process, encoded where it ran in another.
struct FinishedTask {
  TaskReport report;
  Bytes encoded_result;
  std::vector<std::pair<AccumulatorId, Bytes>> encoded_cells;
};

/// What a backend tells the loop. Threads: may be called from any thread; the loop takes each as an event.
class BackendEvents {
 public:
  virtual ~BackendEvents() = default;
  /// Executors, blocks and the backend itself; ends of tasks are told by taskEnded().
  virtual void happened(in::Event event) = 0;
  virtual void taskEnded(ExecutorId executor, FinishedTask task) = 0;
  /// Runs `action` on the loop's thread.
  virtual void post(std::function<void()> action) = 0;
};

/// Tasks and their results. Threads: on the loop's thread.
class TaskLauncher {
 public:
  virtual ~TaskLauncher() = default;
  /// `tasks` are those of `launch`, in its order.
  virtual void launch(const out::Launch& launch, std::vector<TaskLaunch> tasks) = 0;
  /// Fetches the result that waits at the executor; the end of the task is then told again, with the result.
  virtual void fetchResult(ExecutorId, FinishedTask) {}
  virtual void carryOut(const out::KillTask& kill) = 0;
  virtual void carryOut(const out::TaskGone&) {}
  virtual void carryOut(const out::DropResult&) {}
  virtual void carryOut(const out::DropStage&) {}
};

/// Executors and the blocks they hold. Threads: on the loop's thread.
class ExecutorControl {
 public:
  virtual ~ExecutorControl() = default;
  virtual void carryOut(const out::EndExecutor&) {}
  virtual void carryOut(const out::RetireExecutor&) {}
  virtual void carryOut(const out::LetGo&) {}
  virtual void carryOut(const out::WantExecutors&) {}
  virtual void carryOut(const out::MoveShuffle&) {}
  virtual void carryOut(const out::CopyBlock&) {}
  virtual void carryOut(const out::DropShuffle& drop) = 0;
  virtual void carryOut(const out::DropRdd& drop) = 0;
  /// Whether the driver hears the executor, as far as it knows.
  [[nodiscard]] virtual bool reaches(ExecutorId) const { return true; }
  /// Whether some executors were asked for that have not registered yet.
  [[nodiscard]] virtual bool isStartingExecutors() const { return false; }
  /// Comes every 100 ms: heartbeats that are overdue.
  virtual void tick(Millis now) = 0;
};

/// Broadcast values and added files, which executors ask for when a task needs them.
class BroadcastStore {
 public:
  virtual ~BroadcastStore() = default;
  /// `encode` is called when an executor asks for the value first. Any thread.
  virtual void addBroadcast(BroadcastId, std::function<Bytes()> /*encode*/) {}
  /// The value cannot be asked for any more. Any thread.
  virtual void removeBroadcast(BroadcastId) {}
  /// Executors drop their copies. On the loop's thread.
  virtual void dropBroadcast(BroadcastId) {}
  /// There are more added files. On the loop's thread.
  virtual void filesChanged() {}
};

/// Life: start() -> stop(), which the Context calls.
class ClusterBackend : public TaskLauncher, public ExecutorControl, public BroadcastStore {
 public:
  using ExecutorControl::carryOut;
  using TaskLauncher::carryOut;

  virtual void start(BackendEvents& events) = 0;
  /// Ends all executors and waits for them. Idempotent.
  virtual void stop() = 0;

  /// Threads of this process: task failures are retried localFailures() times at most, since nothing else may differ.
  [[nodiscard]] virtual bool isLocal() const { return false; }
  [[nodiscard]] virtual int localFailures() const { return 1; }
  [[nodiscard]] virtual int defaultParallelism() const = 0;
  /// Where executors write their logs; empty in local mode.
  [[nodiscard]] virtual std::string logDir() const { return {}; }
};

}  // namespace cerium
