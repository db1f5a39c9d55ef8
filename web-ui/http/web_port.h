// Cerium. Licensed under the Apache License 2.0.
// A server with the pages, behind a guard: what the web ports of drivers, managers, workers and the history have in
// common.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "web-ui/http/guard.h"
#include "web-ui/http/server.h"
#include "web-ui/http/static_files.h"

namespace cerium::http {

/// Answers /api/cerium/v1/session and /login, the pages' files, and /healthz and /readyz where the process has no
/// better answer. Each change that a browser asks for leaves a line in the log; so does the first request that is
/// refused as foreign. Threads: as Server.
class WebPort {
 public:
  struct Options {
    Server::Options server;
    std::string pages = {};                              ///< "driver", "history", "manager" or "worker".
    std::string version = {};                            ///< Cerium's.
    std::function<std::string()> application = nullptr;  ///< The id of a driver's application.
    bool can_change = false;                             ///< Whether some of the routes change something.
    std::string token = {};                              ///< For logins; empty is a random one.
    std::vector<std::string> allowed_hosts = {};         ///< cerium.ui.allowedHosts
    std::span<const StaticFile> files = {};
  };
  /// Listens. Throws as Server.
  WebPort(const Options& options, Router router);

  [[nodiscard]] uint16_t port() const { return server_.port(); }
  /// "http://127.0.0.1:4040", as other machines reach it if they do.
  [[nodiscard]] const std::string& url() const { return url_; }
  /// The address that logs in by itself: with the token, if one is needed. Not for logs that others may read.
  [[nodiscard]] std::string link() const;

 private:
  Router guarded(const Options& options, Router router) const;

  const std::string token_;
  const std::string change_token_;
  const Guard guard_;
  Server server_;
  std::string url_;
};

/// A token for logins that all ports of a cluster have in common; empty if the cluster has no secret.
[[nodiscard]] std::string clusterToken(const std::string& cluster_secret);

}  // namespace cerium::http
