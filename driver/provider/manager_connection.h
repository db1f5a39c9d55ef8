// Cerium. Licensed under the Apache License 2.0.
// A driver's connection to the manager in charge. It breaks when a manager dies or another takes over; then the
// addresses of the master URL are tried in turn until one of them accepts the application again.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "base/protocol/cluster_messages.h"
#include "base/rpc/transport.h"
#include "base/util/mutex.h"

namespace cerium {

/// Threads: send() from any thread. `greet` is called on a thread of this connection ("cerium-manager"), `on_message`
/// on one of its transport's; neither may destroy it. An exception of `on_message` breaks the connection, and another
/// address is tried: what to do where a manager is not the one in charge.
class ManagerConnection {
 public:
  struct Options {
    std::vector<rpc::Endpoint> managers;
    std::string secret;
  };
  /// `greet` gives the first message of each connection.
  ManagerConnection(Options options, std::function<protocol::ClusterMessage()> greet,
                    std::function<void(protocol::ClusterMessage)> on_message);
  /// Sends what is queued, then closes.
  ~ManagerConnection();
  ManagerConnection(const ManagerConnection&) = delete;
  ManagerConnection& operator=(const ManagerConnection&) = delete;

  /// Dropped while there is no connection (and false): the greeting of the next one has to say what matters.
  bool send(const protocol::ClusterMessage& message);
  /// What went wrong last; for the error of an application that no manager accepts.
  [[nodiscard]] std::string lastError() const;
  /// All managers say, one after the other, that the secret is wrong: waiting does not help.
  [[nodiscard]] bool hasWrongSecret() const;

 private:
  void run();
  bool attempt(const rpc::Endpoint& manager);
  bool open(rpc::ConnectionPtr connection, uint64_t number);
  void closed(uint64_t number, const std::string& reason);

  const Options options_;
  const std::function<protocol::ClusterMessage()> greet_;
  const std::function<void(protocol::ClusterMessage)> on_message_;

  mutable Mutex mutex_;
  CondVar changed_;
  rpc::ConnectionPtr connection_ CERIUM_GUARDED_BY(mutex_);
  uint64_t number_ CERIUM_GUARDED_BY(mutex_) = 0;   // counts connections
  uint64_t dropped_ CERIUM_GUARDED_BY(mutex_) = 0;  // counts messages sent while there was none
  bool stopping_ CERIUM_GUARDED_BY(mutex_) = false;
  std::string last_error_ CERIUM_GUARDED_BY(mutex_);
  size_t wrong_secrets_ CERIUM_GUARDED_BY(mutex_) = 0;  // attempts in a row

  std::unique_ptr<rpc::Transport> transport_;
  std::thread thread_;
};

}  // namespace cerium
