// Cerium. Licensed under the Apache License 2.0.
// The reader of events that calls the program's listeners.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "base/util/exception_text.h"
#include "base/util/mutex.h"
#include "driver/events/event_queue.h"
#include "driver/listener.h"

namespace cerium {

/// Threads: add() from any thread.
class Listeners final : public EventReader {
 public:
  void add(std::shared_ptr<Listener> listener);
  void read(const events::Event& event) override;

 private:
  void noteThrown(const ExceptionText& thrown);

  Mutex mutex_;
  std::vector<std::shared_ptr<Listener>> listeners_ CERIUM_GUARDED_BY(mutex_);
  uint64_t thrown_ = 0;  // used by the queue's thread only
};

}  // namespace cerium
