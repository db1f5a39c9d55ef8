// Cerium. Licensed under the Apache License 2.0.
// The reader of events that calls the program's listeners.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "base/util/exception_text.h"
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

  std::mutex mutex_;
  std::vector<std::shared_ptr<Listener>> listeners_;  // guarded by mutex_
  uint64_t thrown_ = 0;                               // used by the queue's thread only
};

}  // namespace cerium
