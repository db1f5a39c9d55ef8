// Cerium. Licensed under the Apache License 2.0.
// Where the tasks of a barrier stage that run in one process wait for each other.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/util/mutex.h"
#include "rdd/task_context.h"

namespace cerium {

/// Holds something while tasks wait only: no task is at its next barrier before all have come to this one.
/// Threads: all methods from any thread.
class BarrierCoordinator {
 public:
  /// (stage, attempt).
  using Key = std::pair<int64_t, int>;

  /// Blocks until all `total` tasks are here; returns what each brought, by partition. Throws TaskKilled when the task
  /// is told to stop or the coordinator is closed, Error where the others have not come after `limit_ms`.
  std::vector<std::string> enter(Key key, int total, const std::string& message, TaskContext& task, int64_t limit_ms);
  void close();
  /// How many stages have tasks that wait.
  [[nodiscard]] size_t size();

 private:
  struct Waiting {
    const TaskContext* task;
    std::string message;
  };
  struct Round {
    std::map<int, Waiting> here;  ///< By partition.
    std::vector<std::string> messages;
    bool open = false;
  };
  void leave(const Key& key, const TaskContext& task) CERIUM_REQUIRES(mutex_);

  Mutex mutex_;
  CondVar changed_;
  std::map<Key, std::shared_ptr<Round>> rounds_ CERIUM_GUARDED_BY(mutex_);  // those that are not open
  bool closed_ CERIUM_GUARDED_BY(mutex_) = false;
};

}  // namespace cerium
