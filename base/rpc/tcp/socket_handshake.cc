// Cerium. Licensed under the Apache License 2.0.
// Reading and writing alternate here, because the handshake is a dialogue of tiny messages.
#include "base/rpc/tcp/socket_handshake.h"

#include <fmt/format.h>

#include <boost/asio/buffer.hpp>
#include <boost/asio/write.hpp>
#include <utility>

namespace cerium::rpc {

namespace asio = boost::asio;
using boost::system::error_code;

SocketHandshake::SocketHandshake(asio::ip::tcp::socket socket, Role role, std::string secret)
    : socket_(std::move(socket)), timer_(socket_.get_executor()), handshake_(role, std::move(secret)) {}

void SocketHandshake::start(std::chrono::milliseconds timeout, Done done) {
  done_ = std::move(done);
  timer_.expires_after(timeout);
  timer_.async_wait([self = shared_from_this(), timeout](error_code error) {
    if (error) return;
    const bool refused = self->handshake_.state() == Handshake::State::kFailed;
    self->finish(refused
                     ? self->handshake_.reason()
                     : fmt::format("timed out: the peer did not finish the handshake within {} ms", timeout.count()));
  });
  proceed();
}

void SocketHandshake::proceed() {
  if (!done_) return;
  output_ = handshake_.takeOutput();
  if (!output_.empty()) {
    refusal_sent_ = handshake_.state() == Handshake::State::kFailed;
    asio::async_write(socket_, asio::buffer(output_.data(), output_.size()),
                      [self = shared_from_this()](error_code error, size_t) {
                        if (error) self->handshake_.peerClosed();
                        self->proceed();
                      });
    return;
  }
  switch (handshake_.state()) {
    case Handshake::State::kRunning:
      read();
      break;
    case Handshake::State::kDone:
      finish("");
      break;
    case Handshake::State::kFailed:
      refusal_sent_ ? awaitPeerClose() : finish(handshake_.reason());
      break;
  }
}

void SocketHandshake::read() {
  socket_.async_read_some(asio::buffer(input_), [self = shared_from_this()](error_code error, size_t count) {
    if (error) {
      self->handshake_.peerClosed();
    } else {
      const size_t used = self->handshake_.consume({self->input_.data(), count});
      self->early_.append(self->input_.data() + used, count - used);
    }
    self->proceed();
  });
}

void SocketHandshake::awaitPeerClose() {
  error_code ignored;  // If the socket is broken, the read below ends at once.
  socket_.shutdown(asio::ip::tcp::socket::shutdown_send, ignored);
  socket_.async_read_some(asio::buffer(input_), [self = shared_from_this()](error_code error, size_t) {
    if (!self->done_) return;
    error ? self->finish(self->handshake_.reason()) : self->awaitPeerClose();
  });
}

void SocketHandshake::finish(const std::string& failure) {
  if (!done_) return;
  timer_.cancel();
  if (!failure.empty()) {
    error_code ignored;  // A failed close cannot be repeated.
    socket_.close(ignored);
  }
  const Done done = std::exchange(done_, nullptr);
  done(std::move(socket_), std::move(early_), failure);
}

}  // namespace cerium::rpc
