// Cerium. Licensed under the Apache License 2.0.
#include "driver/events/event_queue.h"

#include <pthread.h>

#include <bit>

#include "base/util/exception_text.h"
#include "base/util/log.h"

namespace cerium {
namespace {

constexpr auto kBetweenWarnings = std::chrono::minutes(1);

}  // namespace

std::shared_ptr<EventQueue> EventQueue::start(Options options, std::shared_ptr<EventReader> reader) {
  const std::shared_ptr<EventQueue> queue(new EventQueue(std::move(options), std::move(reader)));
  MutexLock lock(queue->mutex_);  // the thread looks at nothing before thread_ is set
  queue->thread_ = std::thread([queue] { queue->run(); });
  pthread_setname_np(queue->thread_.native_handle(), queue->options_.name.c_str());
  return queue;
}

EventQueue::~EventQueue() {
  stop();
  if (thread_.joinable()) thread_.detach();  // its own thread, at its end, was the last owner
}

void EventQueue::post(const events::Event& event) {
  const bool is_detail = events::isDetail(event);
  if (is_detail && !takesDetails()) return;
  MutexLock lock(mutex_);
  if (stopping_) return;
  const bool is_full = posted_ - read_ >= options_.capacity;
  if (is_detail && is_full) {
    ++dropped_;
    return;
  }
  const bool was_empty = queue_.empty();
  queue_.push_back(event);
  ++posted_;
  if (was_empty) wake_.notifyOne();
}

void EventQueue::flush() {
  if (isOwnThread()) return;
  MutexLock lock(mutex_);
  const uint64_t until = posted_;
  while (read_ < until) progress_.wait(mutex_);
}

void EventQueue::stop() {
  {
    MutexLock lock(mutex_);
    stopping_ = true;
  }
  wake_.notifyAll();
  if (thread_.joinable() && !isOwnThread()) thread_.join();
}

uint64_t EventQueue::dropped() const {
  MutexLock lock(mutex_);
  return dropped_;
}

void EventQueue::run() {
  MutexLock lock(mutex_);
  for (;;) {
    while (!stopping_ && queue_.empty()) wake_.wait(mutex_);
    if (queue_.empty() && dropped_ == told_dropped_) return;
    std::deque<events::Event> batch;
    batch.swap(queue_);
    lock.unlock();
    while (!batch.empty()) {
      deliver(batch.front());
      batch.pop_front();
      ++read_;
    }
    lock.lock();
    progress_.notifyAll();
    if (const uint64_t dropped = dropped_; dropped > told_dropped_) {
      lock.unlock();
      tellDropped(dropped);
      lock.lock();
    }
  }
}

/// Of exceptions the first, the second, the fourth, ... are logged: a reader that always throws must not fill the log.
void EventQueue::deliver(const events::Event& event) {
  const auto thrown = guarded([&] { reader_->read(event); });
  if (thrown && std::has_single_bit(++thrown_)) {
    log::warn("a reader of events ({}) threw an exception, the {}. so far, and gets what follows all the same: {}",
              options_.name, thrown_, thrown->str());
  }
}

void EventQueue::tellDropped(uint64_t total) {
  const auto now = std::chrono::steady_clock::now();
  if (told_dropped_ == 0 || now - logged_dropped_ >= kBetweenWarnings) {
    logged_dropped_ = now;
    log::warn(
        "a reader of events ({}) is too slow: {} events of tasks, blocks and executor metrics were left out so far, as "
        "{} wait",
        options_.name, total, options_.capacity);
  }
  deliver(events::EventsDropped{.at = events::wallTime(), .dropped = total - told_dropped_, .total = total});
  told_dropped_ = total;
}

}  // namespace cerium
