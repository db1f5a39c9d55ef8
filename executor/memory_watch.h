// Cerium. Licensed under the Apache License 2.0.
// Decides which task an executor stops because its functions hold too much memory: memory that was not reserved from
// the MemoryManager and cannot be spilled. A pure machine: the executor measures and carries out the decisions.
#pragma once

#include <chrono>
#include <optional>
#include <vector>

#include "base/util/ids.h"

namespace cerium {

/// The watch of one process. Threads: externally synchronised.
class MemoryWatch {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;

  struct TaskHeap {
    TaskId task;
    int64_t bytes = 0;  ///< Bytes that its thread has allocated beyond the ones charged to the budget.
  };
  struct Decision {
    enum class Kind { kNone, kFail, kEndProcess };
    Kind kind = Kind::kNone;
    TaskHeap task;
  };

  /// `limit`: bytes that the process may hold. `cores`: the executor's, which bound how fast memory can fill.
  MemoryWatch(size_t limit, int cores) : limit_(limit), cores_(cores) {}

  /// Whether the allocator's free pages should go back to the system and `resident` be measured again.
  [[nodiscard]] bool shouldReturnFree(size_t resident, TimePoint now);
  /// Takes the process's resident bytes and the running tasks. Decides to fail the task that holds most, if that is a
  /// good part of the limit, and to end the process if that task does not free its memory or takes more.
  [[nodiscard]] Decision look(size_t resident, const std::vector<TaskHeap>& tasks, TimePoint now);
  /// How long the process may run unwatched.
  [[nodiscard]] std::chrono::milliseconds pause(size_t resident) const;
  [[nodiscard]] size_t limit() const { return limit_; }

 private:
  const size_t limit_;
  const int cores_;
  TimePoint returned_at_{};
  std::optional<TaskId> failed_;  ///< The task that was told to stop, until it has ended.
  TimePoint failed_at_{};
};

}  // namespace cerium
