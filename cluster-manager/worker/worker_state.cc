// Cerium. Licensed under the Apache License 2.0.
#include "cluster-manager/worker/worker_state.h"

#include <fmt/format.h>
#include <signal.h>

#include <algorithm>
#include <utility>

#include "base/util/error.h"

namespace cerium::cluster_manager {

using namespace worker;
using Phase = WorkerState::Child::Phase;

std::string ChildId::str() const { return isDriver() ? owner : fmt::format("executor {} of {}", executor, owner); }

Instructions WorkerState::on(const Event& event, Millis now) {
  out_.clear();
  if (left_) return {};
  std::visit([&](const auto& each) { handle(each, now); }, event);
  leaveIfDone(now);
  return std::exchange(out_, {});
}

int WorkerState::coresUsed() const {
  int cores = 0;
  for (const auto& [id, child] : children_) cores += child.phase == Phase::kEnded ? 0 : child.cores;
  return cores;
}

uint64_t WorkerState::memoryUsed() const {
  uint64_t bytes = 0;
  for (const auto& [id, child] : children_) bytes += child.phase == Phase::kEnded ? 0 : child.memory;
  return bytes;
}

bool WorkerState::idle() const {
  return std::all_of(children_.begin(), children_.end(),
                     [](const auto& child) { return child.second.phase == Phase::kEnded; });
}

// ---- the link to the manager

void WorkerState::handle(const Connected&, Millis now) {
  link_ = Link::kRegistering;
  link_since_ = now;
  protocol::RegisterWorker all = options_.self;
  all.leaving = leaving();
  // A child whose end no manager has noted counts as running in this message, and its end follows the manager's answer:
  // otherwise a driver that finished meanwhile would seem lost. It holds no resources, because its successor needs
  // them.
  for (const auto& [id, child] : children_) {
    const bool has_ended = child.phase == Phase::kEnded;
    if (id.isDriver()) {
      all.drivers.push_back(id.owner);
    } else {
      all.executors.push_back({id.owner, id.executor, has_ended ? 0 : child.cores, has_ended ? 0 : child.memory});
    }
  }
  send(std::move(all));
}

void WorkerState::handle(const ConnectFailed& event, Millis now) {
  // Logged at the first failure and then once a minute.
  if (retry_ms_ <= options_.first_retry_ms || now - complained_at_ >= options_.complain_ms) {
    complained_at_ = now;
    note("cannot reach the manager yet: " + event.reason, true);
  }
  address_ = (address_ + 1) % options_.addresses;
  retryLater(now);
}

void WorkerState::handle(const Disconnected& event, Millis now) {
  if (link_ == Link::kWaiting) return;  // this worker closed the connection
  note("the connection to the manager broke: " + event.reason + "; executors and drivers keep running", true);
  retryLater(now);
}

void WorkerState::retryLater(Millis now) {
  link_ = Link::kWaiting;
  retry_ms_ = std::clamp(2 * retry_ms_, options_.first_retry_ms, options_.last_retry_ms);
  retry_at_ = now + retry_ms_;
}

void WorkerState::giveUpManager(const std::string& why, Millis now) {
  note(why, true);
  out_.emplace_back(Disconnect{});
  address_ = (address_ + 1) % options_.addresses;
  retryLater(now);
}

void WorkerState::handle(const FromManager& event, Millis now) {
  if (link_ == Link::kWaiting || link_ == Link::kConnecting) return;  // from a connection that was given up
  std::visit([&](const auto& message) { onMessage(message, now); }, event.message);
}

template <class T>
void WorkerState::onMessage(const T&, Millis) {
  throw CorruptData("the manager sent a message that is not for workers");
}

void WorkerState::onMessage(const protocol::WorkerAccepted& message, Millis now) {
  if (link_ == Link::kRegistered) return;
  link_ = Link::kRegistered;
  retry_ms_ = 0;
  heartbeat_at_ = now;
  manager_ = message.manager;
  note("registered with the manager at " + manager_);
  for (auto& [id, child] : children_) {
    if (child.phase == Phase::kEnded) report(id, child);
  }
}

void WorkerState::onMessage(const protocol::Refused& message, Millis now) {
  if (message.standby && retry_ms_ > options_.first_retry_ms) {
    out_.emplace_back(Disconnect{});  // logged before
    address_ = (address_ + 1) % options_.addresses;
    return retryLater(now);
  }
  giveUpManager(message.standby ? "this manager is a standby; trying the next one: " + message.reason
                                : "the manager refuses this worker: " + message.reason,
                now);
}

// ---- children

void WorkerState::onMessage(const protocol::LaunchExecutor& message, Millis) {
  Child child;
  child.cores = message.cores;
  child.memory = message.memory;
  add({message.application, message.executor}, std::move(child), message);
}

void WorkerState::onMessage(const protocol::LaunchDriver& message, Millis) {
  Child child;
  child.cores = message.order.cores;
  child.memory = message.order.memory;
  child.name = message.order.name;
  add({message.order.driver, -1}, std::move(child), message);
}

void WorkerState::add(const ChildId& id, Child child,
                      std::variant<protocol::LaunchExecutor, protocol::LaunchDriver> order) {
  auto found = children_.find(id);
  if (found != children_.end() && found->second.phase != Phase::kEnded) return;  // a repeated order
  Child& added = children_[id] = std::move(child);
  if (!leaving()) {
    out_.emplace_back(Start{id, std::move(order)});
    return;
  }
  added.phase = Phase::kEnded;
  added.how.reason = "the worker leaves, so nothing starts on it";
  report(id, added);
}

void WorkerState::onMessage(const protocol::FreeExecutor& message, Millis) {
  auto found = children_.find({message.application, message.executor});
  if (found == children_.end()) return;
  found->second.cores = 0;
  found->second.memory = 0;
}
void WorkerState::onMessage(const protocol::EndExecutor& message, Millis now) {
  tellToEnd({message.application, message.executor}, message.reason, now);
}
void WorkerState::onMessage(const protocol::EndDriver& message, Millis now) {
  tellToEnd({message.driver, -1}, message.reason, now);
}

void WorkerState::onMessage(const protocol::EndNoted& message, Millis) {
  const auto found = children_.find({message.owner, message.executor});
  if (found != children_.end() && found->second.phase == Phase::kEnded) children_.erase(found);
}

void WorkerState::onMessage(const protocol::InterruptDriver& message, Millis now) {
  const ChildId id{message.driver, -1};
  const auto found = children_.find(id);
  if (found == children_.end() || std::exchange(found->second.interrupted, true)) return;
  if (found->second.phase == Phase::kRunning) out_.emplace_back(Signal{id, SIGINT});
  if (found->second.phase == Phase::kStarting) tellToEnd(id, "it was interrupted before it ran", now);
}

void WorkerState::tellToEnd(const ChildId& id, const std::string& reason, Millis now) {
  auto found = children_.find(id);
  if (found == children_.end()) return;
  Child& child = found->second;
  if (child.phase == Phase::kEnded) {
    children_.erase(found);  // the manager has noted the end
    return;
  }
  if (!child.told_to_end.empty()) return;
  child.told_to_end = reason.empty() ? "the manager ended it" : reason;
  note(fmt::format("ending {}: {}", id.str(), child.told_to_end));
  if (child.phase == Phase::kStarting) return;  // Started will follow and end it
  out_.emplace_back(Signal{id, SIGTERM});
  child.kill_at = now + options_.end_ms;
}

void WorkerState::handle(const Started& event, Millis now) {
  auto found = children_.find(event.child);
  if (found == children_.end() || found->second.phase != Phase::kStarting) return;
  Child& child = found->second;
  child.phase = Phase::kRunning;
  child.log = event.log;
  if (!child.told_to_end.empty()) {
    out_.emplace_back(Signal{event.child, at_once_ ? SIGKILL : SIGTERM});
    child.kill_at = now + options_.end_ms;
  } else if (link_ == Link::kRegistered) {
    if (event.child.isDriver()) {
      send(protocol::DriverStarted{event.child.owner});
    } else {
      send(protocol::ExecutorStarted{event.child.owner, event.child.executor, event.log});
    }
  }
}

void WorkerState::handle(const Ended& event, Millis) {
  auto found = children_.find(event.child);
  if (found == children_.end() || found->second.phase == Phase::kEnded) return;
  Child& child = found->second;
  child.phase = Phase::kEnded;
  child.how = event.how;
  if (!child.told_to_end.empty()) child.how.reason = child.told_to_end;
  if (link_ == Link::kRegistered) report(event.child, child);
}

void WorkerState::report(const ChildId& id, const Child& child) {
  if (id.isDriver()) {
    send(protocol::DriverExited{id.owner, child.how});
  } else {
    send(protocol::ExecutorExited{id.owner, id.executor, child.how});
  }
}

// ---- time

void WorkerState::handle(const Tick& event, Millis now) {
  if (link_ == Link::kWaiting && now >= retry_at_) {
    link_ = Link::kConnecting;
    out_.emplace_back(Connect{address_});
  } else if (link_ == Link::kRegistering && now - link_since_ >= options_.answer_ms) {
    giveUpManager("the manager does not answer", now);
  } else if (link_ == Link::kRegistered && now >= heartbeat_at_) {
    heartbeat_at_ = now + options_.heartbeat_ms;
    send(protocol::WorkerHeartbeat{event.memory_used});
  }
  for (auto& [id, child] : children_) {
    if (child.phase != Phase::kRunning || child.kill_at == 0 || now < child.kill_at) continue;
    out_.emplace_back(Signal{id, SIGKILL});
    child.kill_at = 0;
  }
}

// ---- leaving

void WorkerState::onMessage(const protocol::LeaveWhenIdle&, Millis now) {
  leave_when_idle_ = true;
  if (asked_at_ < 0) beginToLeave(now);
}

void WorkerState::handle(const LeaveAsked&, Millis now) {
  if (asked_here_) return killAll("the worker was told to leave at once");
  asked_here_ = true;
  if (asked_at_ >= 0) return;  // the manager told it before
  if (link_ == Link::kRegistered) send(protocol::WorkerLeaving{});
  beginToLeave(now);
}

void WorkerState::beginToLeave(Millis now) {
  asked_at_ = now;
  if (!idle()) {
    note(fmt::format(
        "leaving when all executors and drivers have ended, at the latest in {} s; a second signal ends them at once",
        options_.leave_ms / 1000));
  }
}

void WorkerState::killAll(const std::string& reason) {
  at_once_ = true;
  for (auto& [id, child] : children_) {
    if (child.phase == Phase::kEnded) continue;
    if (child.told_to_end.empty()) child.told_to_end = reason;
    if (child.phase == Phase::kRunning) out_.emplace_back(Signal{id, SIGKILL});
    child.kill_at = 0;
  }
}

void WorkerState::leaveIfDone(Millis now) {
  if (!leaving()) return;
  const Millis waited = now - asked_at_;
  if (!at_once_ && waited >= options_.leave_ms && !idle()) {
    killAll(fmt::format("the worker leaves, and waited {} s for this to end", options_.leave_ms / 1000));
  }
  if (!idle()) return;
  // Only this worker knows how a driver ended; the news must reach a manager before the worker leaves.
  const bool has_news =
      std::any_of(children_.begin(), children_.end(), [](const auto& each) { return each.first.isDriver(); });
  if (has_news && !at_once_ && waited < options_.leave_ms) return;
  const bool asked_long_ago = waited >= options_.idle_leave_ms;
  if (!leave_when_idle_ && !at_once_ && !asked_long_ago && link_ == Link::kRegistered) return;
  left_ = true;
  note("leaves the cluster");
  out_.emplace_back(Leave{});
}

}  // namespace cerium::cluster_manager
