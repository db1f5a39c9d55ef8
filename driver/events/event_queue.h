// Cerium. Licensed under the Apache License 2.0.
// The events on their way to one reader, which takes them on a thread of its own and so slows nothing else down.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <thread>

#include "base/events/events.h"
#include "base/util/mutex.h"

namespace cerium {

/// What reads events. What it keeps of them is its own. Threads: read() is called on the queue's thread.
class EventReader {
 public:
  virtual ~EventReader() = default;
  virtual void read(const events::Event& event) = 0;
};

/// Bounded: while `capacity` events wait, those of tasks, blocks and metrics of executors (events::isDetail) are left
/// out and counted; the reader is told by an EventsDropped, the log once a minute. All others always arrive, in order.
/// Threads: public methods from any thread. Life: start() -> stop(). The thread keeps the queue alive until it ends.
class EventQueue : public std::enable_shared_from_this<EventQueue> {
 public:
  static constexpr size_t kCapacity = 100'000;
  enum class Takes { kAll, kNoDetails };

  struct Options {
    std::string name;  ///< The thread's, of 15 characters at most.
    Takes takes = Takes::kAll;
    size_t capacity = kCapacity;
  };
  [[nodiscard]] static std::shared_ptr<EventQueue> start(Options options, std::shared_ptr<EventReader> reader);
  ~EventQueue();
  EventQueue(const EventQueue&) = delete;
  EventQueue& operator=(const EventQueue&) = delete;

  void post(const events::Event& event);
  /// Blocks until everything posted before was read. Returns at once on the queue's own thread.
  void flush();
  /// Delivers what is queued, then ends the thread. Idempotent. On the queue's own thread it does not wait.
  void stop();

  [[nodiscard]] bool takesDetails() const { return options_.takes == Takes::kAll; }
  /// Events left out so far.
  [[nodiscard]] uint64_t dropped() const;

 private:
  EventQueue(Options options, std::shared_ptr<EventReader> reader)
      : options_(std::move(options)), reader_(std::move(reader)) {}
  void run();
  void deliver(const events::Event& event);
  void tellDropped(uint64_t total);
  [[nodiscard]] bool isOwnThread() const { return std::this_thread::get_id() == thread_.get_id(); }

  const Options options_;
  const std::shared_ptr<EventReader> reader_;
  mutable Mutex mutex_;
  CondVar wake_;
  CondVar progress_;
  std::atomic<uint64_t> read_{0};
  std::deque<events::Event> queue_ CERIUM_GUARDED_BY(mutex_);
  uint64_t posted_ CERIUM_GUARDED_BY(mutex_) = 0;
  uint64_t dropped_ CERIUM_GUARDED_BY(mutex_) = 0;
  bool stopping_ CERIUM_GUARDED_BY(mutex_) = false;

  // Used by the thread only.
  uint64_t told_dropped_ = 0;
  std::chrono::steady_clock::time_point logged_dropped_;
  uint64_t thrown_ = 0;
  std::thread thread_;
};

}  // namespace cerium
