// Cerium. Licensed under the Apache License 2.0.
#include "driver/events/listeners.h"

#include <bit>

#include "base/util/error.h"
#include "base/util/log.h"
#include "driver/events/listener_views.h"

namespace cerium {
namespace {

void tell(Listener& to, const events::JobStarted& event) { to.onJobStart(viewOf(event)); }
void tell(Listener& to, const events::JobEnded& event) { to.onJobEnd(viewOf(event)); }
void tell(Listener& to, const events::StageSubmitted& event) { to.onStageSubmitted(viewOf(event)); }
void tell(Listener& to, const events::StageCompleted& event) {
  if (event.outcome != events::StageOutcome::kResubmitted) to.onStageCompleted(viewOf(event));
}
void tell(Listener& to, const events::TaskStarted& event) { to.onTaskStart(viewOf(event)); }
void tell(Listener& to, const events::TaskEnded& event) { to.onTaskEnd(viewOf(event)); }
void tell(Listener& to, const events::ExecutorAdded& event) { to.onExecutorAdded(viewOf(event)); }
void tell(Listener& to, const events::ExecutorRemoved& event) { to.onExecutorRemoved(viewOf(event)); }

/// Of the rest there is no call.
template <class Event>
void tell(Listener&, const Event&) {}

}  // namespace

void Listeners::add(std::shared_ptr<Listener> listener) {
  if (listener == nullptr) throw InvalidArgument("addListener: the listener is null; pass one that was made");
  MutexLock lock(mutex_);
  listeners_.push_back(std::move(listener));
}

void Listeners::read(const events::Event& event) {
  std::vector<std::shared_ptr<Listener>> listeners;
  {
    MutexLock lock(mutex_);
    listeners = listeners_;
  }
  for (const auto& listener : listeners) {
    const auto thrown = guarded([&] { std::visit([&](const auto& each) { tell(*listener, each); }, event); });
    if (thrown) noteThrown(*thrown);
  }
}

/// The first, the second, the fourth, ...: one that always throws must not fill the log.
void Listeners::noteThrown(const ExceptionText& thrown) {
  if (std::has_single_bit(++thrown_)) {
    log::warn("a listener threw an exception, the {}. of this Context, and is told of what follows all the same: {}",
              thrown_, thrown.str());
  }
}

}  // namespace cerium
