// Cerium. Licensed under the Apache License 2.0.
// A running manager: ManagerState between a transport, a clock, a journal and a web port. It runs no user code.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/rpc/transport.h"
#include "cluster-manager/manager/cluster_registry.h"

namespace cerium::cluster_manager {

struct ManagerOptions {
  rpc::Endpoint listen{"127.0.0.1", 7077};  ///< Port 0: any free port.
  uint16_t web_port = 8080;                 ///< Likewise.
  std::string secret = {};                  ///< The cluster's; see base/rpc/secrets.h.
  std::string recovery_dir = {};            ///< A folder of this manager and its standbys; made 0700.
  bool standby = false;                     ///< Wait until the manager in charge is gone.
  bool spread_out = true;
  Millis lost_after = 10'000;  ///< See ManagerState.
  /// Called once, on a thread of the manager, when it cannot go on (its journal cannot be written); it then answers
  /// nobody any more.
  std::function<void(const std::string& reason)> on_failure = {};
};

/// Threads: thread-safe. Its own: "cerium-manager", which does everything but I/O, those of the transport and the web
/// port. Destroying it closes all connections; workers and drivers go on and look for the next manager.
class Manager {
 public:
  /// Listens, and is in charge or stands by when this returns. Throws InvalidArgument for a folder that another
  /// manager holds, IoError for addresses and files, CorruptData for a journal that is none.
  explicit Manager(ManagerOptions options);
  ~Manager();
  Manager(const Manager&) = delete;
  Manager& operator=(const Manager&) = delete;

  [[nodiscard]] rpc::Endpoint endpoint() const;
  [[nodiscard]] uint16_t webPort() const;
  /// As /json answers.
  [[nodiscard]] std::string json() const;
  [[nodiscard]] bool isInCharge() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// "cerium://host:port", for who comes from elsewhere: a wildcard address becomes the name of this machine.
[[nodiscard]] std::string managerUrl(const rpc::Endpoint& endpoint);

}  // namespace cerium::cluster_manager
