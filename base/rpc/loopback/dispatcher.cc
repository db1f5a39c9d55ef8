// Cerium. Licensed under the Apache License 2.0.
// The dispatcher's loop. See dispatcher.h.
#include "base/rpc/loopback/dispatcher.h"

#include <utility>

#include "base/rpc/thread_name.h"

namespace cerium::rpc {

Dispatcher::Dispatcher(const std::string& thread_name) {
  thread_ = std::thread([this, thread_name] {
    nameThisThread(thread_name);
    run();
  });
}

void Dispatcher::post(Clock::time_point due, Task task) {
  MutexLock lock(mutex_);
  if (stopping_) return;
  tasks_.push({due, posted_++, std::move(task)});
  changed_.notifyOne();
}

void Dispatcher::stop() {
  {
    MutexLock lock(mutex_);
    stopping_ = true;
    changed_.notifyOne();
  }
  if (thread_.joinable()) thread_.join();
}

void Dispatcher::run() {
  MutexLock lock(mutex_);
  for (;;) {
    if (!tasks_.empty() && tasks_.top().due <= Clock::now()) {
      // top() is const because changing `due` would break the queue's order. Moving `task` out does not.
      Task task = std::move(const_cast<Entry&>(tasks_.top()).task);
      tasks_.pop();
      lock.unlock();
      task();
      task = nullptr;  // Captured values are destroyed without the lock too.
      lock.lock();
    } else if (stopping_) {
      break;
    } else if (tasks_.empty()) {
      changed_.wait(mutex_);
    } else {
      const Clock::time_point due = tasks_.top().due;  // A copy: the queue may move its entries while we wait.
      changed_.waitUntil(mutex_, due);
    }
  }
  const auto dropped = std::exchange(tasks_, {});
  lock.unlock();
}

}  // namespace cerium::rpc
