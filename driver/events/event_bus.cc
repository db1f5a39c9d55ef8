// Cerium. Licensed under the Apache License 2.0.
#include "driver/events/event_bus.h"

namespace cerium {

void EventBus::add(std::shared_ptr<EventQueue> queue) {
  MutexLock lock(mutex_);
  if (queue->takesDetails()) is_watched_ = true;
  queues_.push_back(std::move(queue));
}

void EventBus::post(const events::Event& event) {
  MutexLock lock(mutex_);  // two events reach all readers in the same order
  for (const auto& queue : queues_) queue->post(event);
}

void EventBus::stop() {
  std::vector<std::shared_ptr<EventQueue>> queues;
  {
    MutexLock lock(mutex_);
    queues = queues_;
  }
  for (const auto& queue : queues) queue->stop();
}

}  // namespace cerium
