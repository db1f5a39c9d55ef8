// Cerium. Licensed under the Apache License 2.0.
// Which tasks were told to stop and have not. A pure machine: the executor says what happens and when, and does to the
// overdue what there is to do.
#pragma once

#include <chrono>
#include <optional>
#include <unordered_map>
#include <vector>

#include "base/util/ids.h"

namespace cerium {

/// Threads: externally synchronised.
class TaskReaper {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;

  /// `grace`: how long a task may go on after it was told to stop; for ever where that is not positive.
  explicit TaskReaper(std::chrono::milliseconds grace) : grace_(grace) {}

  /// The task was told to stop. Only the first time counts.
  void told(TaskId task, TimePoint now);
  void ended(TaskId task) { until_.erase(task); }
  /// The tasks whose grace is over, and forgets them: each is named once.
  [[nodiscard]] std::vector<TaskId> overdue(TimePoint now);
  /// When the next grace is over; nothing while no task is awaited.
  [[nodiscard]] std::optional<TimePoint> next() const;

 private:
  const std::chrono::milliseconds grace_;
  std::unordered_map<TaskId, TimePoint> until_;
};

}  // namespace cerium
