// Cerium. Licensed under the Apache License 2.0.
// Where the tasks of a barrier stage that run in one process wait for each other.
#pragma once

#include <condition_variable>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "rdd/task_context.h"

namespace cerium {

/// Threads: all methods from any thread.
class BarrierBoard {
 public:
  /// (stage, attempt).
  using Key = std::pair<int64_t, int>;

  /// Blocks until all `total` tasks are here; returns what each brought, by partition. Throws TaskKilled when the task
  /// is told to stop or the board is closed, Error where the others have not come after `limit_ms`.
  std::vector<std::string> enter(Key key, int partition, int total, const std::string& message, TaskContext& task,
                                 int64_t limit_ms);
  void close();

 private:
  struct Round {
    std::vector<std::string> messages;
    int arrived = 0;
    int left = 0;
    bool open = false;
  };
  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<std::pair<Key, int>, Round> rounds_;    // guarded by mutex_; by key and number of the round
  std::map<std::pair<Key, int>, int> next_round_;  // guarded by mutex_; by key and partition
  bool closed_ = false;                            // guarded by mutex_
};

}  // namespace cerium
