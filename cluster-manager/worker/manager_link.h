// Cerium. Licensed under the Apache License 2.0.
// A worker's connection to the manager in charge, and the worker's own port. Looks for the cluster's secret at each
// attempt, because a worker may be started before the manager that makes the secret.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "base/rpc/secrets.h"
#include "base/rpc/transport.h"
#include "base/util/mutex.h"
#include "cluster-manager/worker/worker_state.h"

namespace cerium::cluster_manager {

struct ManagerLinkOptions {
  std::vector<rpc::Endpoint> managers;
  rpc::Endpoint listen;     ///< The worker's own address; port 0: any free port.
  rpc::SecretQuery secret;  ///< Host and port are set for each attempt.
};

/// Threads: thread-safe. connect() returns at once; the thread "cerium-link" connects and calls `post` with Connected
/// or ConnectFailed for each connect(), then with FromManager and Disconnected, for one connection at a time.
class ManagerLink {
 public:
  /// Throws InvalidArgument if a configured secret cannot be used.
  ManagerLink(ManagerLinkOptions options, std::function<void(worker::Event)> post);
  ~ManagerLink();
  ManagerLink(const ManagerLink&) = delete;
  ManagerLink& operator=(const ManagerLink&) = delete;

  /// REQUIRES: no connection.
  void connect(size_t address);
  /// Sends a message; drops it without a connection.
  void send(const protocol::ClusterMessage& message);
  /// Sends queued messages and closes. Nothing of this connection is posted afterwards, except a post that is running.
  void disconnect();

  /// The cluster's secret of the last connection.
  [[nodiscard]] std::string secret() const;
  /// The worker's port; 0 before the first connection.
  [[nodiscard]] uint16_t port() const;

 private:
  void run();
  worker::Event attempt(size_t address);
  void connectTo(const rpc::Endpoint& manager);
  void prepareTransport(const std::string& secret);
  rpc::Handlers handlers(uint64_t connection);
  void receive(uint64_t connection, worker::Event event);

  const ManagerLinkOptions options_;
  const std::function<void(worker::Event)> post_;

  mutable Mutex mutex_;
  CondVar changed_;
  std::optional<size_t> wanted_ CERIUM_GUARDED_BY(mutex_);  // the address to connect to
  bool stopping_ CERIUM_GUARDED_BY(mutex_) = false;
  uint64_t current_ CERIUM_GUARDED_BY(mutex_) = 0;  // the number of the current connection; older ones are ignored
  std::deque<worker::Event> inbox_ CERIUM_GUARDED_BY(mutex_);  // events of the current connection, to be posted
  rpc::ConnectionPtr connection_ CERIUM_GUARDED_BY(mutex_);
  std::string secret_ CERIUM_GUARDED_BY(mutex_);
  uint16_t port_ CERIUM_GUARDED_BY(mutex_) = 0;

  std::unique_ptr<rpc::Transport> transport_;  // used by the thread only
  std::thread thread_;
};

}  // namespace cerium::cluster_manager
