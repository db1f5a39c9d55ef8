// Cerium. Licensed under the Apache License 2.0.
// Connecting, sending and failing on the pretended network. See fabric.h.
#include "base/rpc/loopback/fabric.h"

#include <fmt/format.h>

#include <algorithm>
#include <deque>

#include "base/rpc/handshake.h"
#include "base/rpc/loopback/loopback_connection.h"
#include "base/util/error.h"

namespace cerium::rpc {

namespace {

using Clock = Dispatcher::Clock;

/// Added to the size of each message, so that queuedBytes() of an empty message is not 0; about a TCP frame header.
constexpr size_t kFrameBytes = 8;
constexpr std::chrono::milliseconds kAskStop{50};

/// Runs both sides of a handshake against each other. Returns why the connector failed, or "".
std::string shakeHands(const std::string& connector_secret, const std::string& acceptor_secret) {
  Handshake connector(Role::kConnector, connector_secret);
  Handshake acceptor(Role::kAcceptor, acceptor_secret);
  while (connector.state() == Handshake::State::kRunning) {
    acceptor.consume(connector.takeOutput().view());
    connector.consume(acceptor.takeOutput().view());
  }
  return connector.reason();
}

IoError cannotConnect(const Endpoint& to, const std::string& cause) {
  return IoError(fmt::format("cannot connect to {}: {}", to.str(), cause));
}

}  // namespace

std::shared_ptr<Node> Fabric::addNode(TransportOptions options) {
  auto node = std::make_shared<Node>(std::move(options));
  MutexLock lock(mutex_);
  node->name = fmt::format("client-{}:0", ++nodes_);
  node->names.insert(node->name);
  return node;
}

void Fabric::removeNode(const std::shared_ptr<Node>& node) {
  MutexLock lock(mutex_);
  node->stopped = true;
  std::erase_if(listeners_, [&](const auto& entry) { return entry.second.node == node; });
  for (const auto& connection : connections_) {
    if (connection->node_ != node) continue;
    if (connection->is_open_) passOn(*connection, [](const auto& other) { other->finish("closed by peer"); }, {});
    endHere(connection, "the transport was destroyed", Dispatcher::kFirst);
  }
  changed_.notifyAll();
}

Endpoint Fabric::listen(const std::shared_ptr<Node>& node, const Endpoint& at, OnConnect onConnect) {
  MutexLock lock(mutex_);
  Endpoint bound = at;
  while (bound.port == 0 || (at.port == 0 && listeners_.contains(bound.str()))) bound.port = next_port_++;
  if (listeners_.contains(bound.str()))
    throw IoError(
        fmt::format("cannot listen on {}: Address already in use; choose another address, or port 0 for any "
                    "free port",
                    at.str()));
  listeners_[bound.str()] = {node, std::move(onConnect)};
  if (node->names.size() == 1) node->name = bound.str();
  node->names.insert(bound.str());
  return bound;
}

ConnectionPtr Fabric::connect(const std::shared_ptr<Node>& node, const Endpoint& to, Handlers handlers,
                              std::chrono::milliseconds timeout, const StopReason& stop) {
  const auto deadline = Clock::now() + timeout;
  MutexLock lock(mutex_);
  for (auto look = Clock::now(); !isReachable(*node, to);) {
    if (changed_.waitUntil(mutex_, std::min(deadline, look + kAskStop))) continue;
    if (Clock::now() >= deadline)
      throw cannotConnect(to, fmt::format("timed out after {} ms while connecting", timeout.count()));
    lock.unlock();  // `stop` may take locks of its own
    if (const std::string reason = stop ? stop() : ""; !reason.empty()) throw cannotConnect(to, reason);
    lock.lock();
    look = Clock::now();
  }
  if (node->stopped) throw cannotConnect(to, "the transport was destroyed");
  const auto listener = listeners_.find(to.str());
  if (listener == listeners_.end()) throw cannotConnect(to, "connection refused: no process listens there");
  const std::shared_ptr<Node> target = listener->second.node;
  const std::string failure = shakeHands(node->options.secret, target->options.secret);
  if (!failure.empty()) throw cannotConnect(to, failure);

  auto near = std::make_shared<LoopbackConnection>(shared_from_this(), node, to.str());
  auto far = std::make_shared<LoopbackConnection>(shared_from_this(), target, node->name);
  near->other_ = far;
  far->other_ = near;
  near->handlers_ = std::move(handlers);
  connections_.insert({near, far});
  passOn(*near, [accept = listener->second.on_connect](const auto& other) { other->open(accept); }, {});
  return near;
}

void Fabric::send(const std::shared_ptr<LoopbackConnection>& from, Bytes message) {
  const size_t limit = from->node_->options.max_message_bytes;
  if (message.size() > limit) {
    reset(from,
          fmt::format("a message of {} bytes was sent, over the limit of {}; raise max_message_bytes or send less "
                      "at once",
                      message.size(), limit));
    return;
  }
  MutexLock lock(mutex_);
  const std::shared_ptr<LoopbackConnection> to = from->other_.lock();
  if (!from->is_open_ || !to) return;
  LoopbackFate fate;
  if (const auto rule = rule_) {
    const LoopbackMessage seen{to->peer_, from->peer_, message, from->messages_++};
    lock.unlock();
    fate = (*rule)(seen);
    lock.lock();
    if (!from->is_open_) return;
  } else {
    ++from->messages_;
  }
  for (int i = 0; i < fate.copies; ++i) {
    const size_t size = message.size() + kFrameBytes;
    from->queued_bytes_ += size;
    auto parcel = [size, copy = i + 1 < fate.copies ? message : std::move(message)](const auto& other) mutable {
      if (const auto sender = other->other_.lock()) sender->queued_bytes_ -= size;
      other->receive(std::move(copy));
    };
    passOn(*from, std::move(parcel), fate.delay);
  }
}

void Fabric::close(const std::shared_ptr<LoopbackConnection>& connection) {
  MutexLock lock(mutex_);
  if (!connection->is_open_) return;
  passOn(*connection, [](const auto& other) { other->finish("closed by peer"); }, {});
  endHere(connection, "closed by this process", Clock::now());
}

void Fabric::reset(const std::shared_ptr<LoopbackConnection>& connection, const std::string& reason) {
  MutexLock lock(mutex_);
  if (!connection->is_open_) return;
  passOn(*connection, [](const auto& other) { other->finish("connection reset by peer"); }, {});
  endHere(connection, reason, Dispatcher::kFirst);
}

void Fabric::forget(const std::shared_ptr<LoopbackConnection>& connection) {
  MutexLock lock(mutex_);
  const std::shared_ptr<LoopbackConnection> other = connection->other_.lock();
  const bool both_finished = !other || other->finished_;
  // A close that a partition holds back must still reach the other side.
  if (both_finished || connection->held_.empty()) connections_.erase(connection);
  if (both_finished && other) connections_.erase(other);
}

void Fabric::setRule(LoopbackNetwork::Rule rule) {
  auto shared = rule ? std::make_shared<const LoopbackNetwork::Rule>(std::move(rule)) : nullptr;
  MutexLock lock(mutex_);
  rule_ = std::move(shared);
}

void Fabric::cut(const std::string& a, const std::string& b) {
  MutexLock lock(mutex_);
  for (const auto& connection : connections_) {
    const auto other = connection->other_.lock();
    if (!other) continue;
    const auto& here = connection->node_->names;
    const auto& there = other->node_->names;
    if ((here.contains(a) && there.contains(b)) || (here.contains(b) && there.contains(a)))
      endHere(connection, "connection reset by peer", Dispatcher::kFirst);
  }
}

void Fabric::partition(const std::string& address) {
  MutexLock lock(mutex_);
  partitions_.insert(address);
}

void Fabric::heal(const std::string& address) {
  MutexLock lock(mutex_);
  partitions_.erase(address);
  for (auto next = connections_.begin(); next != connections_.end();) {
    const std::shared_ptr<LoopbackConnection> connection = *next++;
    const auto other = connection->other_.lock();
    if (!other || isIsolated(*connection->node_) || isIsolated(*other->node_)) continue;
    for (Parcel& parcel : std::exchange(connection->held_, {})) passOn(*connection, std::move(parcel), {});
    if (connection->finished_) connections_.erase(connection);
  }
  changed_.notifyAll();
}

bool Fabric::isIsolated(const Node& node) const {
  for (const std::string& name : node.names) {
    if (partitions_.contains(name)) return true;
  }
  return false;
}

bool Fabric::isReachable(const Node& node, const Endpoint& to) const {
  if (node.stopped) return true;
  const auto found = listeners_.find(to.str());
  const bool target_is_isolated =
      found == listeners_.end() ? partitions_.contains(to.str()) : isIsolated(*found->second.node);
  return !target_is_isolated && !isIsolated(node);
}

void Fabric::passOn(LoopbackConnection& from, Parcel parcel, std::chrono::milliseconds delay) {
  const std::shared_ptr<LoopbackConnection> to = from.other_.lock();
  if (!to) return;
  if (isIsolated(*from.node_) || isIsolated(*to->node_)) {
    from.held_.push_back(std::move(parcel));
    return;
  }
  from.last_due_ = std::max(from.last_due_, Clock::now() + delay);
  to->node_->dispatcher.post(from.last_due_, [to, parcel = std::move(parcel)]() mutable { parcel(to); });
}

void Fabric::endHere(const std::shared_ptr<LoopbackConnection>& connection, const std::string& reason,
                     Clock::time_point due) {
  connection->is_open_ = false;
  connection->node_->dispatcher.post(due, [connection, reason] { connection->finish(reason); });
}

}  // namespace cerium::rpc
