// Cerium. Licensed under the Apache License 2.0.
// Hands each event of an application to the queues of its readers. It keeps nothing.
#pragma once

#include <atomic>
#include <memory>
#include <vector>

#include "base/util/mutex.h"
#include "driver/events/event_queue.h"

namespace cerium {

/// Threads: public methods from any thread. Readers get the events that are posted after they were added.
class EventBus {
 public:
  ~EventBus() { stop(); }

  void add(std::shared_ptr<EventQueue> queue);
  void post(const events::Event& event);
  /// Whether a reader takes events of tasks and blocks: what is costly to say is said only then.
  [[nodiscard]] bool isWatched() const { return is_watched_.load(std::memory_order_relaxed); }
  /// Delivers what is queued, then ends the queues. Idempotent.
  void stop();

 private:
  Mutex mutex_;
  std::vector<std::shared_ptr<EventQueue>> queues_ CERIUM_GUARDED_BY(mutex_);
  std::atomic<bool> is_watched_{false};
};

}  // namespace cerium
