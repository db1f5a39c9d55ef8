// Cerium. Licensed under the Apache License 2.0.
// The web port of a manager or a worker: a few paths, each answered by a function, read by people, `cerium healthcheck`
// and whatever watches the cluster. HTTP over Boost.Beast. It changes nothing: only GET and HEAD are answered.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>

namespace cerium::cluster_manager {

struct HttpAnswer {
  std::string body;
  std::string type = "application/json";
  int status = 200;
};

/// Threads: one of its own, on which all handlers run, one at a time; a handler must not block for long.
/// A request has five seconds and 16 KiB; more than 128 connections at once are closed as they come.
class StatusServer {
 public:
  using Handler = std::function<HttpAnswer()>;

  /// Listens at host:port (0: any free port), and answers for the paths of `pages` ("/healthz") from now on.
  /// Throws IoError that names the address.
  StatusServer(const std::string& host, uint16_t port, std::map<std::string, Handler> pages);
  /// No handler runs after it.
  ~StatusServer();
  StatusServer(const StatusServer&) = delete;
  StatusServer& operator=(const StatusServer&) = delete;

  [[nodiscard]] uint16_t port() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace cerium::cluster_manager
