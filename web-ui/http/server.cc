// Cerium. Licensed under the Apache License 2.0.
#include "web-ui/http/server.h"

#include <fmt/format.h>
#include <pthread.h>

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>
#include <chrono>
#include <optional>
#include <thread>
#include <utility>

#include "base/util/error.h"
#include "web-ui/http/relay.h"

namespace cerium::http {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
using asio::ip::tcp;

constexpr auto kPauseAfterError = std::chrono::milliseconds(100);  // accept() fails at once while descriptors are short
constexpr int kEventsPerSign = 20;                                 // of life, on a stream that has nothing to say
constexpr uint32_t kMaxHeaderBytes = 16 << 10;
constexpr uint64_t kMaxBodyBytes = 64 << 10;
constexpr int kMaxConnections = 128;

using Message = beast::http::request<beast::http::string_body>;

Request requestOf(const Message& message, const tcp::endpoint& peer) {
  Request request;
  const bool is_head = message.method() == beast::http::verb::head;
  request.method = is_head ? "GET" : std::string(message.method_string());
  parseTarget(std::string_view(message.target().data(), message.target().size()), request);
  for (const auto& field : message) {
    std::string name(field.name_string());
    std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) { return std::tolower(c); });
    request.headers.emplace(std::move(name), std::string(field.value()));
  }
  request.body = message.body();
  request.peer = peer.address().to_string();
  return request;
}

/// One connection, closed after its answer. The running operation keeps it alive.
class Session : public std::enable_shared_from_this<Session> {
 public:
  Session(tcp::socket socket, const Server::Options& options, const Router& router, int& count)
      : stream_(std::move(socket)), timer_(stream_.get_executor()), options_(options), router_(router), count_(count) {
    ++count_;
    parser_.header_limit(kMaxHeaderBytes);
    parser_.body_limit(kMaxBodyBytes);
  }
  ~Session() { --count_; }
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  void start() {
    stream_.expires_after(options_.patience);
    beast::http::async_read(stream_, buffer_, parser_, [self = shared_from_this()](beast::error_code error, size_t) {
      if (error == beast::http::error::body_limit) return self->send(plain(413, "the request is too large"), false);
      if (!error) self->answer();
    });
  }

 private:
  void answer() {
    beast::error_code error;
    const auto peer = stream_.socket().remote_endpoint(error);
    if (error) return;
    const bool is_head = parser_.get().method() == beast::http::verb::head;
    Response answer = router_.answer(requestOf(parser_.get(), peer));
    if (!answer.upstream) return send(std::move(answer), is_head);
    relay_.emplace(stream_, parser_.get(), *answer.upstream);
    relay_->start(options_.patience, [self = shared_from_this(), is_head](const std::string& problem) {
      if (!problem.empty()) self->send(plain(502, problem), is_head);
    });
  }

  void send(Response answer, bool is_head) {
    events_ = std::move(answer.events);
    response_.result(static_cast<unsigned>(answer.status));
    response_.set(beast::http::field::content_type, events_ ? "text/event-stream" : answer.type);
    response_.set(beast::http::field::cache_control, "no-store");
    response_.set("X-Content-Type-Options", "nosniff");
    for (const auto& [name, value] : answer.headers) response_.insert(name, value);
    response_.keep_alive(false);
    if (!events_) {
      const size_t bytes = answer.body.size();
      if (!is_head) response_.body() = std::move(answer.body);
      if (answer.status != 204) response_.content_length(bytes);
    }
    serializer_.emplace(response_);
    serializer_->split(is_head || events_);
    stream_.expires_after(options_.patience);
    const auto done = [self = shared_from_this()](beast::error_code failed, size_t) {
      if (!failed && self->events_) return self->nextEvents();
      beast::error_code ignored;
      self->stream_.socket().shutdown(tcp::socket::shutdown_send, ignored);
    };
    if (serializer_->split()) {
      beast::http::async_write_header(stream_, *serializer_, done);
    } else {
      beast::http::async_write(stream_, *serializer_, done);
    }
  }

  /// Sends what there is to tell, and looks again a moment later, until the browser goes.
  void nextEvents() {
    text_ = events_();
    if (text_.empty() && ++silent_ < kEventsPerSign) return wait();
    if (text_.empty()) text_ = "event: alive\ndata:\n\n";
    silent_ = 0;
    stream_.expires_after(options_.patience);
    asio::async_write(stream_, asio::buffer(text_), [self = shared_from_this()](beast::error_code error, size_t) {
      if (!error) self->wait();
    });
  }
  void wait() {
    stream_.expires_never();
    timer_.expires_after(options_.between_events);
    timer_.async_wait([self = shared_from_this()](beast::error_code error) {
      if (!error) self->nextEvents();
    });
  }

  beast::tcp_stream stream_;
  asio::steady_timer timer_;
  const Server::Options& options_;
  const Router& router_;
  int& count_;
  beast::flat_buffer buffer_{kMaxHeaderBytes + kMaxBodyBytes};
  beast::http::request_parser<beast::http::string_body> parser_;
  beast::http::response<beast::http::string_body> response_;
  std::optional<beast::http::response_serializer<beast::http::string_body>> serializer_;
  std::optional<Relay> relay_;
  std::function<std::string()> events_;
  std::string text_;
  int silent_ = 0;
};

}  // namespace

struct Server::Impl {
  Impl(Options wanted, Router given) : options(std::move(wanted)), router(std::move(given)) {
    listen();
    accept();
    thread = std::thread([this] {
      pthread_setname_np(pthread_self(), "cerium-web");
      io.run();
    });
  }
  ~Impl() {
    io.stop();
    thread.join();
  }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  void listen() {
    for (int i = 0;; ++i) {
      const auto port = static_cast<uint16_t>(options.port == 0 ? 0 : options.port + i);
      try {
        const auto found = tcp::resolver(io).resolve(options.host, std::to_string(port), tcp::resolver::passive);
        acceptor = tcp::acceptor(io, found.begin()->endpoint());
        return;
      } catch (const boost::system::system_error& error) {
        const bool is_taken = error.code() == asio::error::address_in_use;
        if (is_taken && options.port != 0 && i + 1 < options.tries && port < UINT16_MAX) continue;
        throw IoError(fmt::format("cannot listen on {}:{} for the web: {}; choose another {}, or 0 for any",
                                  options.host, port, error.code().message(), options.setting));
      }
    }
  }

  void accept() {
    acceptor.async_accept([this](beast::error_code error, tcp::socket socket) {
      if (error == asio::error::operation_aborted) return;
      if (error) {
        pause.expires_after(kPauseAfterError);
        pause.async_wait([this](beast::error_code) { accept(); });
        return;
      }
      if (connections < kMaxConnections)
        std::make_shared<Session>(std::move(socket), options, router, connections)->start();
      accept();
    });
  }

  const Options options;
  const Router router;
  int connections = 0;  // Declared before io, whose destructor ends the last sessions.
  asio::io_context io{1};
  tcp::acceptor acceptor{io};
  asio::steady_timer pause{io};
  std::thread thread;
};

Server::Server(const Options& options, Router router) : impl_(std::make_unique<Impl>(options, std::move(router))) {}
Server::~Server() = default;

uint16_t Server::port() const { return impl_->acceptor.local_endpoint().port(); }

}  // namespace cerium::http
