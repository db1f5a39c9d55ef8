// Cerium. Licensed under the Apache License 2.0.
// A worker's connection to the manager in charge, and the port at which the worker itself can be reached. Finds the
// cluster's secret anew at each attempt: a worker may be started before the manager that makes it.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "base/rpc/secrets.h"
#include "base/rpc/transport.h"
#include "cluster-manager/worker/worker_state.h"

namespace cerium::cluster_manager {

struct ManagerLinkOptions {
  std::vector<rpc::Endpoint> managers;
  rpc::Endpoint listen;     ///< Where the worker is reached; port 0: any free port.
  rpc::SecretQuery secret;  ///< Host and port are filled in.
};

/// Threads: thread-safe; connect() returns at once, a thread of its own ("cerium-link") does the work and calls `post`,
/// which gets Connected or ConnectFailed for each connect(), then FromManager and Disconnected, of one connection at a
/// time.
class ManagerLink {
 public:
  /// Throws InvalidArgument for a configured secret that cannot be used.
  ManagerLink(ManagerLinkOptions options, std::function<void(worker::Event)> post);
  ~ManagerLink();
  ManagerLink(const ManagerLink&) = delete;
  ManagerLink& operator=(const ManagerLink&) = delete;

  /// REQUIRES: no connection.
  void connect(size_t address);
  /// Dropped where there is no connection.
  void send(const protocol::ClusterMessage& message);
  /// Sends what is queued; nothing of this connection is posted any more, but for what is being posted.
  void disconnect();

  /// The cluster's, of the last connection.
  [[nodiscard]] std::string secret() const;
  /// Where the worker listens; port 0 before the first connection.
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

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::optional<size_t> wanted_;     // guarded by mutex_; the address to connect to
  bool stopping_ = false;            // guarded by mutex_
  uint64_t current_ = 0;             // guarded by mutex_; counts connections; older ones are not listened to
  std::deque<worker::Event> inbox_;  // guarded by mutex_; of the current one, to be posted
  rpc::ConnectionPtr connection_;    // guarded by mutex_
  std::string secret_;               // guarded by mutex_
  uint16_t port_ = 0;                // guarded by mutex_

  std::unique_ptr<rpc::Transport> transport_;  // the thread's
  std::thread thread_;
};

}  // namespace cerium::cluster_manager
