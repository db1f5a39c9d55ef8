// Cerium. Licensed under the Apache License 2.0.
// The accept loop. See listener.h.
#include "base/rpc/tcp/listener.h"

#include <utility>

namespace cerium::rpc {

namespace asio = boost::asio;
using boost::system::error_code;

namespace {

constexpr std::chrono::milliseconds kBackOff{100};

}  // namespace

Listener::Listener(asio::ip::tcp::acceptor acceptor, const TransportOptions& options, Admitted onAdmitted)
    : acceptor_(std::move(acceptor)),
      timer_(acceptor_.get_executor()),
      secret_(options.secret),
      handshake_timeout_(options.handshake_timeout_ms),
      on_admitted_(std::move(onAdmitted)) {}

void Listener::stop() {
  error_code ignored;  // A failed close cannot be repeated.
  acceptor_.close(ignored);
  timer_.cancel();
  while (!pending_.empty()) dropOldest("the transport was destroyed");
}

void Listener::accept() {
  acceptor_.async_accept([self = shared_from_this()](const error_code& error, asio::ip::tcp::socket socket) {
    if (!self->acceptor_.is_open()) return;
    if (error) return self->backOff();
    self->admit(std::move(socket));
    self->accept();
  });
}

void Listener::admit(asio::ip::tcp::socket socket) {
  if (pending_.size() >= kMaxPending) dropOldest("too many connections are waiting for their handshake");
  auto handshake = std::make_shared<SocketHandshake>(std::move(socket), Role::kAcceptor, secret_);
  const auto place = pending_.insert(pending_.end(), handshake);
  handshake->start(handshake_timeout_, [self = shared_from_this(), place](asio::ip::tcp::socket passed, Bytes early,
                                                                          const std::string& failure) {
    self->pending_.erase(place);
    if (failure.empty()) self->on_admitted_(std::move(passed), std::move(early));
  });
}

void Listener::dropOldest(const std::string& reason) {
  const std::shared_ptr<SocketHandshake> oldest = pending_.front();
  oldest->cancel(reason);
}

void Listener::backOff() {
  if (!pending_.empty()) dropOldest("this process ran out of file descriptors");
  timer_.expires_after(kBackOff);
  timer_.async_wait([self = shared_from_this()](const error_code&) {
    if (self->acceptor_.is_open()) self->accept();
  });
}

}  // namespace cerium::rpc
