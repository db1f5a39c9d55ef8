// Cerium. Licensed under the Apache License 2.0.
// Accepts TCP connections and passes on the ones whose handshake succeeds, independently of the others.
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <list>
#include <memory>

#include "base/rpc/tcp/socket_handshake.h"
#include "base/rpc/transport.h"

namespace cerium::rpc {

/// Owns the listening socket and the accepted sockets that have not finished the handshake. Threads: the I/O thread
/// only, except the constructor.
class Listener : public std::enable_shared_from_this<Listener> {
 public:
  using Admitted = std::function<void(boost::asio::ip::tcp::socket socket, Bytes early)>;

  Listener(boost::asio::ip::tcp::acceptor acceptor, const TransportOptions& options, Admitted onAdmitted);

  void start() { accept(); }
  /// Closes the listening socket and every pending one.
  void stop();

 private:
  /// A silent peer costs a descriptor until its handshake times out. Beyond this number each new connection drops the
  /// oldest pending one, so that a good peer, which needs a millisecond, still gets in.
  static constexpr size_t kMaxPending = 256;

  void accept();
  void admit(boost::asio::ip::tcp::socket socket);
  void dropOldest(const std::string& reason);
  /// Called when descriptors or memory run out: accepts again after a pause, because the error would recur at once.
  void backOff();

  boost::asio::ip::tcp::acceptor acceptor_;
  boost::asio::steady_timer timer_;
  const std::string secret_;
  const std::chrono::milliseconds handshake_timeout_;
  const Admitted on_admitted_;
  std::list<std::shared_ptr<SocketHandshake>> pending_;  // The oldest first.
};

}  // namespace cerium::rpc
