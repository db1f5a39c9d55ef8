// Cerium. Licensed under the Apache License 2.0.
// The web port of a manager or a worker: a few paths, each answered by a function, for people, `cerium healthcheck` and
// monitoring. HTTP over Boost.Beast. Read-only: only GET and HEAD are answered.
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

/// Threads: one of its own runs all handlers, one at a time; a handler must not block for long. A request has five
/// seconds and 16 KiB; connections beyond 128 at once are closed.
class StatusServer {
 public:
  using Handler = std::function<HttpAnswer()>;

  /// Listens at host:port (0: any free port) and answers for the paths of `pages` ("/healthz"). Throws IoError that
  /// names the address.
  StatusServer(const std::string& host, uint16_t port, std::map<std::string, Handler> pages);
  /// No handler runs after the destructor.
  ~StatusServer();
  StatusServer(const StatusServer&) = delete;
  StatusServer& operator=(const StatusServer&) = delete;

  [[nodiscard]] uint16_t port() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace cerium::cluster_manager
