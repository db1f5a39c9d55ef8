// Cerium. Licensed under the Apache License 2.0.
// The steps of connecting. See connect_attempt.h.
#include "base/rpc/tcp/connect_attempt.h"

#include <fmt/format.h>

#include <boost/asio/connect.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/system/system_error.hpp>
#include <utility>

namespace cerium::rpc {

namespace asio = boost::asio;
using boost::system::error_code;

ConnectAttempt::ConnectAttempt(asio::io_context& io, Endpoint to, const TransportOptions& options,
                               std::chrono::milliseconds timeout, Done done)
    : to_(std::move(to)),
      secret_(options.secret),
      timeout_(timeout),
      handshake_timeout_(options.handshake_timeout_ms),
      resolver_(io),
      socket_(io),
      timer_(io),
      done_(std::move(done)) {}

void ConnectAttempt::start() {
  timer_.expires_after(timeout_);
  timer_.async_wait([self = shared_from_this()](const error_code& error) {
    if (!error) self->cancel(fmt::format("timed out after {} ms while {}", self->timeout_.count(), self->phase_));
  });
  resolve();
}

void ConnectAttempt::cancel(const std::string& reason) {
  resolver_.cancel();
  error_code ignored;  // A failed close cannot be repeated.
  socket_.close(ignored);
  if (handshake_) return handshake_->cancel(reason);
  finish(std::move(socket_), {}, reason);
}

void ConnectAttempt::resolve() {
  // A numeric address needs no resolver; the resolver's thread may be held up by a slow name server.
  error_code not_numeric;
  const auto address = asio::ip::make_address(to_.host, not_numeric);
  if (!not_numeric) return connect({{address, to_.port}});
  auto onResolved = [self = shared_from_this()](const error_code& error, const auto& results) {
    if (!self->done_) return;
    if (error) return self->cancel(fmt::format("the name does not resolve: {}", error.message()));
    self->connect(Endpoints(results.begin(), results.end()));
  };
  try {
    resolver_.async_resolve(to_.host, std::to_string(to_.port), std::move(onResolved));
  } catch (const boost::system::system_error& error) {  // Asio starts the resolver's thread at the first name.
    cancel(fmt::format("no thread is left to look up the name: {}", error.code().message()));
  }
}

void ConnectAttempt::connect(const Endpoints& endpoints) {
  phase_ = "connecting";
  asio::async_connect(socket_, endpoints, [self = shared_from_this()](const error_code& error, const auto&) {
    if (!self->done_) return;
    if (error == asio::error::connection_refused) return self->cancel("connection refused: no process listens there");
    if (error) return self->cancel(error.message());
    self->shakeHands();
  });
}

void ConnectAttempt::shakeHands() {
  phase_ = "shaking hands; is it a Cerium port?";
  handshake_ = std::make_shared<SocketHandshake>(std::move(socket_), Role::kConnector, secret_);
  handshake_->start(handshake_timeout_,
                    [self = shared_from_this()](asio::ip::tcp::socket socket, Bytes early, const std::string& failure) {
                      self->finish(std::move(socket), std::move(early), failure);
                    });
}

void ConnectAttempt::finish(asio::ip::tcp::socket socket, Bytes early, const std::string& failure) {
  if (!done_) return;
  timer_.cancel();
  const Done done = std::exchange(done_, nullptr);
  done(std::move(socket), std::move(early), failure);
}

}  // namespace cerium::rpc
