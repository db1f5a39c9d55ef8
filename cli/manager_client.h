// Cerium. Licensed under the Apache License 2.0.
// A connection of a command to the manager in charge of a cluster.
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
  rpc::SecretQuery secret;  ///< Host and port are set for each attempt.
};

/// The managers and the secret of a command: its flags override settings. Throws InvalidArgument unless the URL is a
/// cerium:// URL.
[[nodiscard]] ManagerAddresses managerAddresses(const std::string& url, const Conf& conf,
                                                const std::string& secret_file, bool insecure);

/// A manager got the question and may have acted on it, but no answer came.
class NoAnswer : public IoError {
 public:
  using IoError::IoError;
};

/// A connection to the manager in charge. Threads: externally synchronised.
class ManagerClient {
 public:
  /// Sends `question` to the managers in turn until one in charge answers; next() returns this answer first. `onChange`
  /// is called, on another thread, when next() has a message. Throws IoError if no manager could be asked, NoAnswer if
  /// one was asked and none answered, Error with the manager's text if it refuses, and InvalidArgument for a secret
  /// that cannot be used.
  ManagerClient(const ManagerAddresses& managers, const protocol::ClusterMessage& question,
                std::function<void()> onChange = {});
  ~ManagerClient();
  ManagerClient(const ManagerClient&) = delete;
  ManagerClient& operator=(const ManagerClient&) = delete;

  void send(const protocol::ClusterMessage& message);
  /// The next message, or nothing after `limit`. Throws IoError if the connection has ended.
  [[nodiscard]] std::optional<protocol::ClusterMessage> next(std::chrono::milliseconds limit);

  [[nodiscard]] const rpc::Endpoint& manager() const { return manager_; }
  /// The cluster's secret.
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
