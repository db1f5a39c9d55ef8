// Cerium. Licensed under the Apache License 2.0.
// The thread of one loopback transport: runs tasks one after another, each not before its time.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <queue>
#include <string>
#include <thread>
#include <vector>

#include "base/util/mutex.h"

namespace cerium::rpc {

/// Runs tasks on one thread. Threads: thread-safe. Tasks must not throw.
class Dispatcher {
 public:
  using Clock = std::chrono::steady_clock;
  using Task = std::function<void()>;
  /// A time before all others: the task overtakes every task that waits.
  static constexpr Clock::time_point kFirst = Clock::time_point::min();

  explicit Dispatcher(const std::string& thread_name);
  ~Dispatcher() { stop(); }

  /// Runs `task` at `due`. Tasks with the same time run in the order posted. Ignored after stop().
  void post(Clock::time_point due, Task task);

  /// Runs the tasks that are due, drops the others and joins the thread. Idempotent. REQUIRES: not called by a task.
  void stop();

  [[nodiscard]] bool isCurrentThread() const { return thread_.get_id() == std::this_thread::get_id(); }

 private:
  struct Entry {
    Clock::time_point due;
    uint64_t number;
    Task task;
    /// The top of a priority queue is its largest entry; here that is the earliest.
    bool operator<(const Entry& other) const { return due != other.due ? due > other.due : number > other.number; }
  };

  void run();

  Mutex mutex_;
  CondVar changed_;
  std::priority_queue<Entry> tasks_ CERIUM_GUARDED_BY(mutex_);
  uint64_t posted_ CERIUM_GUARDED_BY(mutex_) = 0;
  bool stopping_ CERIUM_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace cerium::rpc
