// Cerium. Licensed under the Apache License 2.0.
// The state behind LoopbackNetwork: transports (nodes), listeners, connections and faults, under one lock. It is simple
// and exact rather than fast.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>

#include "base/rpc/loopback/dispatcher.h"
#include "base/rpc/loopback/loopback.h"
#include "base/rpc/transport.h"
#include "base/util/mutex.h"

namespace cerium::rpc {

class LoopbackConnection;

/// One transport of the network. `name`, `names` and `stopped` are guarded by the fabric's mutex, which a node cannot
/// name for clang to check.
struct Node {
  explicit Node(TransportOptions given) : options(std::move(given)), dispatcher(options.thread_name) {}

  const TransportOptions options;
  std::string name;             // "client-N:0", or the first endpoint it listens on.
  std::set<std::string> names;  // All endpoints that it listens on, and "client-N:0".
  bool stopped = false;
  Dispatcher dispatcher;
};

/// The pretended network. Threads: thread-safe. Lock order: the fabric's mutex, then a dispatcher's. Handlers and rules
/// run without both locks.
class Fabric : public std::enable_shared_from_this<Fabric> {
 public:
  using OnConnect = std::function<Handlers(const ConnectionPtr&)>;
  /// What one side of a connection does to the other, after its time on the network. It must not hold its sender, which
  /// may hold it (LoopbackConnection::held_).
  using Parcel = std::function<void(const std::shared_ptr<LoopbackConnection>&)>;

  std::shared_ptr<Node> addNode(TransportOptions options);
  /// Closes the node's connections and listeners. Its dispatcher still runs; the caller stops it afterwards.
  void removeNode(const std::shared_ptr<Node>& node);

  /// As Transport::listen.
  Endpoint listen(const std::shared_ptr<Node>& node, const Endpoint& at, OnConnect onConnect);
  /// As Transport::connect.
  ConnectionPtr connect(const std::shared_ptr<Node>& node, const Endpoint& to, Handlers handlers,
                        std::chrono::milliseconds timeout, const StopReason& stop);

  /// Sends a message of a connection, as Connection::send.
  void send(const std::shared_ptr<LoopbackConnection>& from, Bytes message);
  void close(const std::shared_ptr<LoopbackConnection>& connection);
  /// Ends both sides now: this side with `reason`, the other with "connection reset by peer".
  void reset(const std::shared_ptr<LoopbackConnection>& connection, const std::string& reason);

  /// Removes a connection that has called onClose.
  void forget(const std::shared_ptr<LoopbackConnection>& connection);

  /// As the functions of LoopbackNetwork.
  void setRule(LoopbackNetwork::Rule rule);
  void cut(const std::string& a, const std::string& b);
  void partition(const std::string& address);
  void heal(const std::string& address);

 private:
  struct Listening {
    std::shared_ptr<Node> node;
    OnConnect on_connect;
  };

  [[nodiscard]] bool isIsolated(const Node& node) const CERIUM_REQUIRES(mutex_);
  /// Whether connect() need not wait: no partition lies between `node` and `to`, or the node is stopped.
  [[nodiscard]] bool isReachable(const Node& node, const Endpoint& to) const CERIUM_REQUIRES(mutex_);
  void passOn(LoopbackConnection& from, Parcel parcel, std::chrono::milliseconds delay) CERIUM_REQUIRES(mutex_);
  /// `due` is Dispatcher::kFirst to overtake messages on their way.
  void endHere(const std::shared_ptr<LoopbackConnection>& connection, const std::string& reason,
               Dispatcher::Clock::time_point due) CERIUM_REQUIRES(mutex_);

  Mutex mutex_;
  CondVar changed_;  // Notified when a partition is healed or a node removed; see connect().
  std::map<std::string, Listening> listeners_ CERIUM_GUARDED_BY(mutex_);
  // Both sides of each connection, until forget().
  std::set<std::shared_ptr<LoopbackConnection>> connections_ CERIUM_GUARDED_BY(mutex_);
  std::set<std::string> partitions_ CERIUM_GUARDED_BY(mutex_);
  std::shared_ptr<const LoopbackNetwork::Rule> rule_ CERIUM_GUARDED_BY(mutex_);
  uint16_t next_port_ CERIUM_GUARDED_BY(mutex_) = 40'000;
  int nodes_ CERIUM_GUARDED_BY(mutex_) = 0;
};

}  // namespace cerium::rpc
