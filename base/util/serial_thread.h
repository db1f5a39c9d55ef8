// Cerium. Licensed under the Apache License 2.0.
// A thread for what must not be done where it is asked for: on a transport's thread, a scheduler's, under a lock.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <thread>

namespace cerium {

/// Runs functions one after the other, in the order in which they were given. Threads: thread-safe.
///
///   SerialThread errands("cerium-errands");
///   errands.run([path] { std::filesystem::remove_all(path); });
class SerialThread {
 public:
  /// What becomes at the end of functions that have not begun.
  enum class AtEnd { kDrop, kFinish };

  /// `name`: as gdb and top show it, at most 15 characters.
  explicit SerialThread(const std::string& name, AtEnd at_end = AtEnd::kDrop);
  ~SerialThread() { stop(); }
  SerialThread(const SerialThread&) = delete;
  SerialThread& operator=(const SerialThread&) = delete;

  /// Returns at once. `function` is destroyed before the next one begins; what it throws is logged, and is better
  /// caught where it can be told to those who wait. Dropped after stop().
  void run(std::function<void()> function);
  /// Waits for the function that runs. Not from a function; a second time it does nothing.
  void stop();

 private:
  void loop();

  const std::string name_;
  const AtEnd at_end_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::function<void()>> functions_;  // guarded by mutex_
  bool stopping_ = false;                        // guarded by mutex_
  std::thread thread_;
};

}  // namespace cerium
