// Cerium. Licensed under the Apache License 2.0.
// A running manager: ManagerState with a transport, a clock, a journal and a web port. It runs no user code.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/rpc/transport.h"
#include "cluster-manager/manager/cluster_registry.h"

namespace cerium::cluster_manager {

struct ManagerOptions {
  rpc::Endpoint listen{"127.0.0.1", 7077};  ///< Port 0: any free port.
  uint16_t web_port = 8080;                 ///< Port 0: any free port.
  std::string secret = {};                  ///< The cluster's secret; see base/rpc/secrets.h.
  std::string recovery_dir = {};  ///< The folder that this manager shares with its standbys; made with mode 0700.
  bool standby = false;           ///< Wait until the manager in charge has ended.
  bool spread_out = true;
  Millis lost_after = 10'000;               ///< See ManagerState.
  std::string version = {};                 ///< Cerium's, for the web pages.
  std::vector<std::string> web_names = {};  ///< Further names of the web port: cerium.ui.allowedHosts.
  /// Called once, on a thread of the manager, when it cannot go on because its journal cannot be written. After that
  /// the manager answers no messages.
  std::function<void(const std::string& reason)> on_failure = {};
};

/// Threads: thread-safe. "cerium-manager" does everything except I/O; the transport and the web port have threads of
/// their own. The destructor closes all connections; workers and drivers keep running and look for the next manager.
class Manager {
 public:
  /// Listens, and is in charge or on standby when it returns. Throws InvalidArgument for a folder that another manager
  /// holds, IoError for addresses and files, CorruptData if the journal is not one.
  explicit Manager(ManagerOptions options);
  ~Manager();
  Manager(const Manager&) = delete;
  Manager& operator=(const Manager&) = delete;

  [[nodiscard]] rpc::Endpoint endpoint() const;
  [[nodiscard]] uint16_t webPort() const;
  /// The address of the web pages; with the token for the login, if one is needed.
  [[nodiscard]] std::string webLink() const;
  /// The text that /json answers.
  [[nodiscard]] std::string json() const;
  [[nodiscard]] bool isInCharge() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// "cerium://host:port" for other machines: a wildcard address is replaced by this machine's name.
[[nodiscard]] std::string managerUrl(const rpc::Endpoint& endpoint);

}  // namespace cerium::cluster_manager
