// Cerium. Licensed under the Apache License 2.0.
// The parts of a running manager: manager.cc has the loop, manager_web.cc the web port. Included by these only.
#pragma once

#include <atomic>
#include <chrono>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <thread>

#include "base/protocol/cluster_messages.h"
#include "base/util/mutex.h"
#include "cluster-manager/manager/journal.h"
#include "cluster-manager/manager/manager.h"
#include "cluster-manager/manager/manager_json.h"
#include "cluster-manager/manager/manager_state.h"
#include "cluster-manager/manager/standby_lock.h"
#include "cluster-manager/pulse.h"
#include "web-ui/http/web_port.h"

namespace cerium::cluster_manager {

using SteadyClock = std::chrono::steady_clock;

inline Millis monotonic() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(SteadyClock::now().time_since_epoch()).count();
}

inline Millis wallClock() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch())
      .count();
}

struct Manager::Impl {
  explicit Impl(ManagerOptions given);
  ~Impl();
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  /// What a page asks the state for.
  using Order = Instructions (ManagerState::*)(const std::string& id, Millis now);
  /// An event on a connection: it opened, a message came, or it closed. Or an order.
  struct Happening {
    ConnectionId connection = kNoConnection;
    rpc::ConnectionPtr opened = nullptr;
    std::optional<protocol::ClusterMessage> message = std::nullopt;
    Order order = nullptr;
    std::string of = {};  ///< What the order is for.
  };

  rpc::Handlers onConnect(const rpc::ConnectionPtr& connection);
  void post(Happening happening);
  void run();
  void runOnce();
  void handle(Happening& happening);
  void takeCharge();
  void carryOut(Instructions instructions);
  void sendTo(ConnectionId connection, const protocol::ClusterMessage& message);
  [[nodiscard]] http::Router routes();
  void addOrders(http::Router& router);
  [[nodiscard]] http::Response health() const;
  [[nodiscard]] http::Response proxy(const http::Request& request) const;
  [[nodiscard]] const ClusterRegistry& registry() const CERIUM_REQUIRES(state_mutex);
  [[nodiscard]] ManagerAtAGlance atAGlance() const CERIUM_REQUIRES(state_mutex);
  [[nodiscard]] std::string clusterText() const;
  [[nodiscard]] std::string jsonText() const;

  const ManagerOptions options;
  std::string url;
  StandbyLock lock;
  std::atomic<bool> in_charge = false;
  std::atomic<uint64_t> version = 0;  // Of what the pages show.
  Pulse pulse;

  mutable Mutex state_mutex;  // Shared by the loop and the web port; no I/O under it.
  std::optional<ManagerState> state CERIUM_GUARDED_BY(state_mutex);  // Empty in a standby.

  std::optional<Journal> journal;                          // Used by the loop only.
  std::map<ConnectionId, rpc::ConnectionPtr> connections;  // Used by the loop only.
  SteadyClock::time_point next_tick{};                     // Used by the loop only.

  Mutex queue_mutex;
  CondVar queue_changed;
  std::deque<Happening> queue CERIUM_GUARDED_BY(queue_mutex);
  bool stopping CERIUM_GUARDED_BY(queue_mutex) = false;

  std::atomic<ConnectionId> next_connection = 0;
  std::unique_ptr<rpc::Transport> transport;
  rpc::Endpoint bound;
  std::unique_ptr<http::WebPort> web;
  std::thread loop;
};

}  // namespace cerium::cluster_manager
