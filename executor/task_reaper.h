// Cerium. Licensed under the Apache License 2.0.
// Tracks tasks that were told to stop and have not. A pure machine: the executor feeds it and deals with overdue tasks.
#pragma once

#include <chrono>
#include <optional>
#include <unordered_map>
#include <vector>

#include "base/util/ids.h"

namespace cerium {

/// The tasks that are awaited. Threads: externally synchronised.
class TaskReaper {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;

  /// `grace`: how long a task may run on after it was told to stop; 0 or less: without limit.
  explicit TaskReaper(std::chrono::milliseconds grace) : grace_(grace) {}

  /// The task was told to stop. Only the first call counts.
  void told(TaskId task, TimePoint now);
  void ended(TaskId task) { until_.erase(task); }
  /// The tasks whose grace is over. Each is returned once.
  [[nodiscard]] std::vector<TaskId> overdue(TimePoint now);
  /// When the next grace is over; nothing if no task is awaited.
  [[nodiscard]] std::optional<TimePoint> next() const;

 private:
  const std::chrono::milliseconds grace_;
  std::unordered_map<TaskId, TimePoint> until_;
};

}  // namespace cerium
