// Cerium. Licensed under the Apache License 2.0.
// The web port of a process: HTTP over Boost.Beast.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include "web-ui/http/router.h"

namespace cerium::http {

/// Threads: one of its own runs all handlers, one at a time; a handler must not block for long. A request has 16 KiB of
/// header and 64 KiB of body; connections beyond 128 at once are closed. Each connection takes one request.
class Server {
 public:
  struct Options {
    std::string host = "127.0.0.1";
    uint16_t port = 0;         ///< 0: any free port.
    int tries = 1;             ///< Ports that are tried one after the other, from `port` on, while they are taken.
    std::string setting = {};  ///< What the text of an error names as the way out: "--webui-port".
    /// A client that needs longer to send its request, or to take the answer, is given up.
    std::chrono::milliseconds patience = std::chrono::seconds(5);
    /// The pause in a stream of events. After 20 pauses with nothing to say it sends a sign of life.
    std::chrono::milliseconds between_events = std::chrono::milliseconds(250);
  };
  /// Listens. Throws IoError that names the address.
  Server(const Options& options, Router router);
  /// No handler runs after the destructor.
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  [[nodiscard]] uint16_t port() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace cerium::http
