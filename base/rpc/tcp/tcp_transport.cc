// Cerium. Licensed under the Apache License 2.0.
// The transport over TCP: one I/O thread runs the listeners, the connection attempts and the connections. The thread
// ends once all of them are closed; the destructor waits for that.
#include <fmt/format.h>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <future>
#include <set>
#include <thread>
#include <utility>
#include <vector>

#include "base/rpc/local_address.h"
#include "base/rpc/tcp/connect_attempt.h"
#include "base/rpc/tcp/listener.h"
#include "base/rpc/tcp/tcp_connection.h"
#include "base/rpc/thread_name.h"
#include "base/rpc/transport.h"
#include "base/util/error.h"

namespace cerium::rpc {

namespace {

namespace asio = boost::asio;
using asio::ip::tcp;

constexpr std::chrono::milliseconds kAskStop{50};

class TcpTransport final : public Transport {
 public:
  explicit TcpTransport(TransportOptions options);
  ~TcpTransport() override;

  Endpoint listen(const Endpoint& at, std::function<Handlers(const ConnectionPtr&)> onConnect) override;
  ConnectionPtr connect(const Endpoint& to, Handlers handlers, int timeout_ms, const StopReason& stop) override;

 private:
  std::shared_ptr<TcpConnection> makeConnection(tcp::socket socket);
  void startConnection(const std::shared_ptr<TcpConnection>& connection, Handlers handlers, Bytes early);
  void closeAll();

  const TransportOptions options_;
  const std::shared_ptr<asio::io_context> io_ = std::make_shared<asio::io_context>(1);
  asio::executor_work_guard<asio::io_context::executor_type> work_ = asio::make_work_guard(*io_);
  // Owned by the I/O thread.
  std::vector<std::shared_ptr<Listener>> listeners_;
  std::set<std::shared_ptr<ConnectAttempt>> attempts_;
  std::set<std::shared_ptr<TcpConnection>> connections_;

  std::thread thread_;
};

/// Opens, binds and listens. A name with addresses of both families is bound to its IPv4 address, because peers that
/// were told a number use that one.
tcp::acceptor openAcceptor(asio::io_context& io, const Endpoint& at) {
  try {
    tcp::resolver resolver(io);
    const auto results = resolver.resolve(at.host, std::to_string(at.port), tcp::resolver::passive);
    tcp::endpoint chosen = results.begin()->endpoint();
    for (const auto& result : results) {
      if (!result.endpoint().address().is_v4()) continue;
      chosen = result.endpoint();
      break;
    }
    refuseLoopbackName(at.host, chosen.address().to_string());
    return tcp::acceptor(io, chosen);
  } catch (const boost::system::system_error& error) {
    throw IoError(fmt::format("cannot listen on {}: {}; choose another address, or port 0 for any free port", at.str(),
                              error.code().message()));
  }
}

TcpTransport::TcpTransport(TransportOptions options) : options_(std::move(options)) {
  thread_ = std::thread([io = io_, name = options_.thread_name] {
    nameThisThread(name);
    io->run();
  });
}

TcpTransport::~TcpTransport() {
  asio::post(*io_, [this] { closeAll(); });
  thread_.join();
}

void TcpTransport::closeAll() {
  work_.reset();
  for (const auto& listener : listeners_) listener->stop();
  // Copies, because each one removes itself when it ends.
  for (const auto& attempt : std::set(attempts_)) attempt->cancel("the transport was destroyed");
  for (const auto& connection : std::set(connections_)) connection->abandon();
}

Endpoint TcpTransport::listen(const Endpoint& at, std::function<Handlers(const ConnectionPtr&)> onConnect) {
  tcp::acceptor acceptor = openAcceptor(*io_, at);
  const Endpoint bound{at.host, acceptor.local_endpoint().port()};
  auto admit = [this, onConnect = std::move(onConnect)](tcp::socket socket, Bytes early) {
    const auto connection = makeConnection(std::move(socket));
    Handlers handlers;
    try {
      handlers = onConnect(connection);
    } catch (const std::exception&) {
      connection->close();  // The user refused this connection. There is no caller to report the exception to.
    }
    startConnection(connection, std::move(handlers), std::move(early));
  };
  auto listener = std::make_shared<Listener>(std::move(acceptor), options_, std::move(admit));
  asio::post(*io_, [this, listener = std::move(listener)] {
    listeners_.push_back(listener);
    listener->start();
  });
  return bound;
}

ConnectionPtr TcpTransport::connect(const Endpoint& to, Handlers handlers, int timeout_ms, const StopReason& stop) {
  if (std::this_thread::get_id() == thread_.get_id())
    throw InvalidArgument(
        fmt::format("connect({}) was called from a handler and would wait for itself; call it from "
                    "another thread",
                    to.str()));
  // A connection, or why there is none. The exception is made on the thread that throws it.
  using Outcome = std::pair<ConnectionPtr, std::string>;
  auto promise = std::make_shared<std::promise<Outcome>>();
  std::future<Outcome> outcome = promise->get_future();
  const auto io = io_;  // If the transport is destroyed meanwhile, the wait ends, and only `io` is used after that.
  // The attempt itself: `done` is made before it and removes it from attempts_; a stop cancels it. The I/O thread's.
  auto itself = std::make_shared<std::weak_ptr<ConnectAttempt>>();
  asio::post(*io, [this, to, promise, itself, timeout_ms, handlers = std::move(handlers)]() mutable {
    auto done = [this, promise, itself, handlers = std::move(handlers)](tcp::socket socket, Bytes early,
                                                                        const std::string& failure) {
      attempts_.erase(itself->lock());
      if (!failure.empty()) return promise->set_value({nullptr, failure});
      const auto connection = makeConnection(std::move(socket));
      promise->set_value({connection, ""});
      startConnection(connection, handlers, std::move(early));
    };
    auto attempt = std::make_shared<ConnectAttempt>(*io_, to, options_, std::chrono::milliseconds(timeout_ms), done);
    *itself = attempt;
    attempts_.insert(attempt);
    attempt->start();
  });
  while (stop && outcome.wait_for(kAskStop) != std::future_status::ready) {
    const std::string reason = stop();
    if (reason.empty()) continue;
    asio::post(*io, [itself, reason] {
      if (const auto attempt = itself->lock()) attempt->cancel(reason);
    });
    break;
  }
  const auto [connection, failure] = outcome.get();
  if (!connection) {
    const std::string text = fmt::format("cannot connect to {}: {}", to.str(), failure);
    if (failure == kWrongSecret) throw WrongSecret(text);
    throw IoError(text);
  }
  return connection;
}

std::shared_ptr<TcpConnection> TcpTransport::makeConnection(tcp::socket socket) {
  return std::make_shared<TcpConnection>(io_, std::move(socket), options_.max_message_bytes);
}

void TcpTransport::startConnection(const std::shared_ptr<TcpConnection>& connection, Handlers handlers, Bytes early) {
  connections_.insert(connection);
  connection->start(std::move(handlers), std::move(early), [this, connection] { connections_.erase(connection); });
}

}  // namespace

std::unique_ptr<Transport> makeTcpTransport(TransportOptions options) {
  return std::make_unique<TcpTransport>(std::move(options));
}

}  // namespace cerium::rpc
