// Cerium. Licensed under the Apache License 2.0.
// Which task an executor's process stops because of what its functions hold: memory that no operator has asked the
// MemoryManager for, and that nothing can spill. A pure machine: the executor measures, says so, and carries out.
#pragma once

#include <chrono>
#include <optional>
#include <vector>

#include "base/util/ids.h"

namespace cerium {

/// Threads: externally synchronised.
class MemoryWatch {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;

  struct TaskHeap {
    TaskId task;
    int64_t bytes = 0;  ///< Of its own: what its thread has allocated beyond what is charged to the budget.
  };
  struct Decision {
    enum class Kind { kNone, kFail, kEndProcess };
    Kind kind = Kind::kNone;
    TaskHeap task;
  };

  /// `limit`: bytes of the process. `cores`: of the executor, which says how fast memory can fill.
  MemoryWatch(size_t limit, int cores) : limit_(limit), cores_(cores) {}

  /// Whether the pages that the allocator keeps free should go back to the system, and `resident` be measured anew.
  [[nodiscard]] bool shouldReturnFree(size_t resident, TimePoint now);
  /// The process holds `resident` bytes, and `tasks` run. Says to fail the task that holds most, where that is a good
  /// part of the limit; and to end the process where the task holds on to it, or takes still more.
  [[nodiscard]] Decision look(size_t resident, const std::vector<TaskHeap>& tasks, TimePoint now);
  /// How long the process may go unwatched.
  [[nodiscard]] std::chrono::milliseconds pause(size_t resident) const;
  [[nodiscard]] size_t limit() const { return limit_; }

 private:
  const size_t limit_;
  const int cores_;
  TimePoint returned_at_{};
  std::optional<TaskId> failed_;  ///< The task that was told to stop, until it is gone.
  TimePoint failed_at_{};
};

}  // namespace cerium
