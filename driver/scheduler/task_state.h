// Cerium. Licensed under the Apache License 2.0.
// The books of the task scheduler and the moves it makes with them. Private to it: driver/scheduler/task_scheduler.cc
// turns events into moves, driver/scheduler/task_state.cc makes them.
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "driver/scheduler/executor_table.h"
#include "driver/scheduler/pools.h"
#include "driver/scheduler/task_set.h"

namespace cerium {

/// An attempt that an executor holds.
struct TaskRecord {
  RunningTask shown;
  TaskSet* set = nullptr;  ///< Null once killed.
  int slot = -1;
  size_t held_at = 0;   ///< Index in ExecutorSlots::tasks.
  Millis started = -1;  ///< When it got a core; -1 while it is queued.
};

/// Moves append their instructions to `out`; each event ends with finishEvent(), which returns them.
struct TaskScheduler::State {
  explicit State(const Options& wanted) : options(wanted), executors(wanted), pools(wanted.fair) {}

  const Options options;
  ExecutorTable executors;
  Pools pools;
  std::map<StageId, std::unique_ptr<TaskSet>> sets;
  boost::unordered_flat_map<int64_t, TaskRecord> tasks;  // by TaskId
  int64_t next_task = 0;
  size_t next_offer = 0;  // which executor is offered work first: round robin over events
  Millis last_executor_change = 0;
  tasks::Instructions out;  // of the event at hand
  // Between beginBatch() and endBatch(): what is to be offered work then.
  bool in_batch = false;
  bool offer_all = false;
  std::vector<ExecutorId> freed;
  /// A barrier stage got its cores: others that were kept free for it may be given out.
  bool barrier_launched = false;

  tasks::Instructions finishEvent();
  void note(std::string text) { out.emplace_back(tasks::Note{std::move(text)}); }

  // Giving out work.
  void offer(ExecutorSlots& executor, Millis now);
  void offerAll(Millis now);
  bool offerRounds(std::vector<ExecutorSlots*> open, Millis now);
  bool launchOne(ExecutorSlots& executor, Millis now);
  bool launchBarrier(TaskSet& set, Millis now, bool& must_wait);
  void queueAhead(ExecutorSlots& executor, Millis now);
  void launch(TaskSet& set, int slot, ExecutorSlots& executor, Millis now);

  // Taking it back.
  TaskRecord release(TaskId id, Millis now);
  void kill(TaskSet::Copy copy, const std::string& reason);
  void killAll(TaskSet& set, const std::string& reason);
  void handleFailure(const TaskRecord& task, const Failure& failure, bool counts, Millis now);
  void strike(const TaskRecord& task, Millis now);
  void giveUp(TaskSet& set, Failure failure);
  /// Removes the set if it has nothing left to do, else files it anew.
  void settle(TaskSet& set);
  void remove(TaskSet& set);

  void giveUpHopelessBarriers(Millis now);
  [[nodiscard]] std::string explain(const TaskSet& set, Millis now) const;
};

}  // namespace cerium
