// Cerium. Licensed under the Apache License 2.0.
// The task that this thread runs, readable from a signal handler for the crash report.
#pragma once

#include <cstdint>

namespace cerium {

extern thread_local volatile int64_t t_current_task;  ///< -1: none.

/// Marks the thread as running `task` while this object lives.
class CurrentTask {
 public:
  explicit CurrentTask(int64_t task) { t_current_task = task; }
  ~CurrentTask() { t_current_task = -1; }
  CurrentTask(const CurrentTask&) = delete;
  CurrentTask& operator=(const CurrentTask&) = delete;
};

}  // namespace cerium
