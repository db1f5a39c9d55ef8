// Cerium. Licensed under the Apache License 2.0.
// A thread that runs work which must not run at its caller: on a transport's or a scheduler's thread, or under a lock.
#pragma once

#include <deque>
#include <functional>
#include <string>
#include <thread>

#include "base/util/mutex.h"

namespace cerium {

/// Runs functions one after the other, in the order of run(). Threads: thread-safe.
///
///   SerialThread errands("cerium-errands");
///   errands.run([path] { std::filesystem::remove_all(path); });
class SerialThread {
 public:
  /// What stop() does with functions that have not begun.
  enum class AtEnd { kDrop, kFinish };

  /// `name`: as gdb and top show it; at most 15 characters.
  explicit SerialThread(const std::string& name, AtEnd at_end = AtEnd::kDrop);
  ~SerialThread() { stop(); }
  SerialThread(const SerialThread&) = delete;
  SerialThread& operator=(const SerialThread&) = delete;

  /// Queues `function` and returns at once. `function` is destroyed before the next one begins. An exception in it is
  /// only logged, so catch it inside `function` if a caller waits for the result. After stop(), `function` is dropped.
  void run(std::function<void()> function);
  /// Waits until the running function has ended, with kFinish also the queued ones. Idempotent. Must not be called from
  /// a function.
  void stop();

 private:
  void loop();

  const std::string name_;
  const AtEnd at_end_;
  Mutex mutex_;
  CondVar changed_;
  std::deque<std::function<void()>> functions_ CERIUM_GUARDED_BY(mutex_);
  bool stopping_ CERIUM_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace cerium
