// Cerium. Licensed under the Apache License 2.0.
// The tasks that wait for a thread of an executor. A thread takes tasks with neighbouring partitions one after the
// other, so that they can share what they read (executor/blocks/read_ahead.h).
#pragma once

#include <deque>
#include <optional>
#include <vector>

#include "rdd/task.h"

namespace cerium {

/// Tasks in runs: tasks of one stage attempt whose partitions follow each other. A thread owns the run that it works
/// on; a thread without one takes its share of the first run that has no owner, or the second half of another thread's.
/// No task waits while a thread is free. Costs amortised O(threads) a task. Threads: externally synchronised.
class TaskQueue {
 public:
  explicit TaskQueue(int threads) : owned_(static_cast<size_t>(threads)) {}

  struct Taken {
    TaskLaunch task;
    int following = 0;  ///< So many tasks of the run are left for the same thread.
  };

  void add(std::vector<TaskLaunch> tasks);
  /// The next task for a thread, 0 <= thread < threads. REQUIRES: not empty.
  [[nodiscard]] Taken take(int thread);
  /// Takes a task out; nothing if it is not here.
  std::optional<TaskLaunch> remove(TaskId task);
  [[nodiscard]] bool empty() const { return size_ == 0; }
  [[nodiscard]] size_t size() const { return size_; }
  void clear();

 private:
  using Run = std::deque<TaskLaunch>;
  void fill(Run& own);
  static void moveTasks(Run& from, Run& to, size_t first, size_t count);

  std::deque<Run> free_;    ///< In the order of arrival; none is empty.
  std::vector<Run> owned_;  ///< By thread.
  size_t size_ = 0;
};

}  // namespace cerium
