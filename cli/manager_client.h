// Cerium. Licensed under the Apache License 2.0.
// A command's conversation with the manager in charge of a cluster.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/config/config.h"
#include "base/protocol/cluster_messages.h"
#include "base/rpc/secrets.h"
#include "base/rpc/transport.h"
#include "base/util/error.h"

namespace cerium::cli {

struct ManagerAddresses {
  std::string url;
  std::vector<rpc::Endpoint> endpoints;
  rpc::SecretQuery secret;  ///< Host and port are filled in at each attempt.
};

/// The flags given to a command, over the settings. Throws InvalidArgument for anything but a cerium:// URL.
[[nodiscard]] ManagerAddresses managerAddresses(const std::string& url, const Conf& conf,
                                                const std::string& secret_file, bool insecure);

/// A manager was asked, and may have done what it was asked for, but no answer came.
class NoAnswer : public IoError {
 public:
  using IoError::IoError;
};

/// One connection. Threads: externally synchronised.
class ManagerClient {
 public:
  /// Asks `question` of the managers in turn, until one that is in charge answers; the answer is the first that next()
  /// gives. `onChange` is called, on another thread, whenever next() would have something.
  /// Throws IoError where none could be asked, NoAnswer where one was but none answers, Error with the manager's words
  /// where it refuses, InvalidArgument for a secret that cannot be used.
  ManagerClient(const ManagerAddresses& managers, const protocol::ClusterMessage& question,
                std::function<void()> onChange = {});
  ~ManagerClient();
  ManagerClient(const ManagerClient&) = delete;
  ManagerClient& operator=(const ManagerClient&) = delete;

  void send(const protocol::ClusterMessage& message);
  /// The next message; nothing when none comes within `limit`. Throws IoError when the connection has ended.
  [[nodiscard]] std::optional<protocol::ClusterMessage> next(std::chrono::milliseconds limit);

  [[nodiscard]] const rpc::Endpoint& manager() const { return manager_; }
  /// The cluster's.
  [[nodiscard]] const std::string& secret() const { return secret_; }

 private:
  struct Inbox;
  [[nodiscard]] bool ask(const protocol::ClusterMessage& question);

  rpc::Endpoint manager_;
  std::string secret_;
  std::shared_ptr<Inbox> inbox_;
  std::unique_ptr<rpc::Transport> transport_;
  rpc::ConnectionPtr connection_;
};

}  // namespace cerium::cli
