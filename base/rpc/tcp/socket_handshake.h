// Cerium. Licensed under the Apache License 2.0.
// Runs the handshake (base/rpc/handshake.h) over one fresh socket, with a time limit.
#pragma once

#include <array>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "base/rpc/handshake.h"

namespace cerium::rpc {

/// Owns the socket until it is done. Threads: the I/O thread only.
class SocketHandshake : public std::enable_shared_from_this<SocketHandshake> {
 public:
  /// `failure` is empty if the peer passed; then `socket` is open and `early` holds bytes that were read after the
  /// handshake. Otherwise the socket is closed.
  using Done = std::function<void(boost::asio::ip::tcp::socket socket, Bytes early, const std::string& failure)>;

  SocketHandshake(boost::asio::ip::tcp::socket socket, Role role, std::string secret);

  /// Runs the handshake; calls `done` exactly once, later.
  void start(std::chrono::milliseconds timeout, Done done);

  /// Closes the socket and calls `done` with `reason` before it returns, unless `done` has been called.
  void cancel(const std::string& reason) { finish(reason); }

 private:
  /// Sends the output of the state machine, then does what its state requires.
  void proceed();
  void read();
  /// After a refusal was sent, waits until the peer closes. Closing first could reset the connection and destroy the
  /// refusal before the peer reads it.
  void awaitPeerClose();
  void finish(const std::string& failure);

  boost::asio::ip::tcp::socket socket_;
  boost::asio::steady_timer timer_;
  Handshake handshake_;
  std::array<char, Handshake::kMaxInput> input_{};
  Bytes output_;
  Bytes early_;
  bool refusal_sent_ = false;
  Done done_;  // Empty once called.
};

}  // namespace cerium::rpc
