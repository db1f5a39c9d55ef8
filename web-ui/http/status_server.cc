// Cerium. Licensed under the Apache License 2.0.
#include "web-ui/http/status_server.h"

#include <fmt/format.h>
#include <pthread.h>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>
#include <chrono>
#include <optional>
#include <thread>
#include <utility>

#include "base/util/error.h"

namespace cerium::cluster_manager {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using asio::ip::tcp;
using Pages = std::map<std::string, StatusServer::Handler>;

constexpr auto kRequestTime = std::chrono::seconds(5);
constexpr auto kPauseAfterError = std::chrono::milliseconds(100);  // accept() fails at once while descriptors are short
constexpr uint32_t kMaxHeaderBytes = 16 << 10;
constexpr int kMaxConnections = 128;

HttpAnswer answerTo(const http::request<http::empty_body>& request, const Pages& pages) {
  if (request.method() != http::verb::get && request.method() != http::verb::head)
    return {"only GET and HEAD are answered here\n", "text/plain", 405};
  const std::string target(request.target());
  const auto page = pages.find(target.substr(0, target.find('?')));
  if (page == pages.end()) {
    std::string known;
    for (const auto& [path, handler] : pages) known += " " + path;
    return {fmt::format("there is no such page; these are:{}\n", known), "text/plain", 404};
  }
  try {
    return page->second();
  } catch (const std::exception& error) {
    return {fmt::format("{}\n", error.what()), "text/plain", 500};
  }
}

/// One connection, closed after its answer. The running operation keeps it alive.
class Session : public std::enable_shared_from_this<Session> {
 public:
  Session(tcp::socket socket, const Pages& pages, int& count)
      : stream_(std::move(socket)), pages_(pages), count_(count) {
    ++count_;
    parser_.header_limit(kMaxHeaderBytes);
    parser_.body_limit(boost::none);  // Bodies are never read.
  }
  ~Session() { --count_; }
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  void start() {
    stream_.expires_after(kRequestTime);
    http::async_read_header(stream_, buffer_, parser_, [self = shared_from_this()](beast::error_code error, size_t) {
      if (!error) self->answer();
    });
  }

 private:
  void answer() {
    const auto& request = parser_.get();
    HttpAnswer answer = answerTo(request, pages_);
    response_.result(static_cast<unsigned>(answer.status));
    response_.set(http::field::content_type, answer.type);
    response_.set(http::field::cache_control, "no-store");
    response_.set("X-Content-Type-Options", "nosniff");
    response_.keep_alive(false);
    const size_t bytes = answer.body.size();
    if (request.method() != http::verb::head) response_.body() = std::move(answer.body);
    response_.content_length(bytes);
    serializer_.emplace(response_);
    serializer_->split(request.method() == http::verb::head);
    stream_.expires_after(kRequestTime);
    const auto done = [self = shared_from_this()](beast::error_code, size_t) {
      beast::error_code ignored;
      self->stream_.socket().shutdown(tcp::socket::shutdown_send, ignored);
    };
    if (serializer_->split()) {
      http::async_write_header(stream_, *serializer_, done);
    } else {
      http::async_write(stream_, *serializer_, done);
    }
  }

  beast::tcp_stream stream_;
  const Pages& pages_;
  int& count_;
  beast::flat_buffer buffer_{kMaxHeaderBytes};
  http::request_parser<http::empty_body> parser_;
  http::response<http::string_body> response_;
  std::optional<http::response_serializer<http::string_body>> serializer_;
};

}  // namespace

struct StatusServer::Impl {
  Impl(const std::string& host, uint16_t port, Pages given) : pages(std::move(given)) {
    try {
      const auto found = tcp::resolver(io).resolve(host, std::to_string(port), tcp::resolver::passive);
      acceptor = tcp::acceptor(io, found.begin()->endpoint());
    } catch (const boost::system::system_error& error) {
      throw IoError(fmt::format("cannot listen on {}:{} for the web: {}; choose another --webui-port, or 0 for any",
                                host, port, error.code().message()));
    }
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

  void accept() {
    acceptor.async_accept([this](beast::error_code error, tcp::socket socket) {
      if (error == asio::error::operation_aborted) return;
      if (error) {
        pause.expires_after(kPauseAfterError);
        pause.async_wait([this](beast::error_code) { accept(); });
        return;
      }
      if (connections < kMaxConnections) std::make_shared<Session>(std::move(socket), pages, connections)->start();
      accept();
    });
  }

  const Pages pages;
  int connections = 0;  // Declared before io, whose destructor ends the last sessions.
  asio::io_context io{1};
  tcp::acceptor acceptor{io};
  asio::steady_timer pause{io};
  std::thread thread;
};

StatusServer::StatusServer(const std::string& host, uint16_t port, Pages pages)
    : impl_(std::make_unique<Impl>(host, port, std::move(pages))) {}
StatusServer::~StatusServer() = default;

uint16_t StatusServer::port() const { return impl_->acceptor.local_endpoint().port(); }

}  // namespace cerium::cluster_manager
