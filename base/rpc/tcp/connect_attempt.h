// Cerium. Licensed under the Apache License 2.0.
// One try to reach a listening transport: resolve the name, connect, shake hands, all within one time limit.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/rpc/tcp/socket_handshake.h"
#include "base/rpc/transport.h"

namespace cerium::rpc {

/// One attempt. Threads: the I/O thread only, except the constructor.
class ConnectAttempt : public std::enable_shared_from_this<ConnectAttempt> {
 public:
  /// As SocketHandshake::Done. `failure` names the cause, not the endpoint.
  using Done = SocketHandshake::Done;

  ConnectAttempt(boost::asio::io_context& io, Endpoint to, const TransportOptions& options,
                 std::chrono::milliseconds timeout, Done done);

  /// Starts; `done` is called exactly once.
  void start();
  /// Calls `done` with `reason` before it returns, unless `done` has been called.
  void cancel(const std::string& reason);

 private:
  using Endpoints = std::vector<boost::asio::ip::tcp::endpoint>;

  void resolve();
  void connect(const Endpoints& endpoints);
  void shakeHands();
  void finish(boost::asio::ip::tcp::socket socket, Bytes early, const std::string& failure);

  const Endpoint to_;
  const std::string secret_;
  const std::chrono::milliseconds timeout_;
  const std::chrono::milliseconds handshake_timeout_;
  boost::asio::ip::tcp::resolver resolver_;
  boost::asio::ip::tcp::socket socket_;
  boost::asio::steady_timer timer_;
  const char* phase_ = "resolving the name";  // What the attempt is doing, for the text of a timeout.
  std::shared_ptr<SocketHandshake> handshake_;
  Done done_;  // Empty once called.
};

}  // namespace cerium::rpc
