// Cerium. Licensed under the Apache License 2.0.
#include "web-ui/http/relay.h"

#include <fmt/format.h>

#include <boost/asio/buffer.hpp>
#include <boost/asio/write.hpp>

namespace cerium::http {

namespace asio = boost::asio;
namespace beast = boost::beast;
using asio::ip::tcp;

namespace {

/// A stream of events says something every few seconds.
constexpr auto kSilence = std::chrono::seconds(20);

std::string authorityOf(const Upstream& upstream) {
  const bool is_v6 = upstream.host.find(':') != std::string::npos;
  return fmt::format(fmt::runtime(is_v6 ? "[{}]:{}" : "{}:{}"), upstream.host, upstream.port);
}

Relay::Message requestTo(const Upstream& upstream, const Relay::Message& from) {
  using beast::http::field;
  Relay::Message request = from;
  request.target(upstream.target);
  for (const field name : {field::origin, field::cookie, field::authorization, field::connection, field::upgrade,
                           field::transfer_encoding, field::te, field::trailer, field::expect})
    request.erase(name);
  request.set(field::host, authorityOf(upstream));
  request.set(field::connection, "close");
  request.set("X-Cerium-Through", "manager");
  if (!upstream.token.empty()) request.set(field::authorization, "Bearer " + upstream.token);
  request.prepare_payload();
  return request;
}

}  // namespace

Relay::Relay(beast::tcp_stream& browser, const Message& request, const Upstream& upstream)
    : browser_(browser),
      resolver_(browser.get_executor()),
      server_(browser.get_executor()),
      upstream_(upstream),
      request_(requestTo(upstream, request)) {}

void Relay::start(std::chrono::milliseconds patience, const Done& done) {
  patience_ = patience;
  browser_.expires_never();
  resolver_.async_resolve(upstream_.host, std::to_string(upstream_.port),
                          [this, done](beast::error_code error, const tcp::resolver::results_type& found) {
                            if (error) return end(problem(error), done);
                            connect(found, done);
                          });
}

void Relay::connect(const tcp::resolver::results_type& found, const Done& done) {
  server_.expires_after(patience_);
  server_.async_connect(found, [this, done](beast::error_code error, const tcp::endpoint&) {
    if (error) return end(problem(error), done);
    ask(done);
  });
}

void Relay::ask(const Done& done) {
  server_.expires_after(patience_);
  beast::http::async_write(server_, request_, [this, done](beast::error_code error, size_t) {
    if (error) return end(problem(error), done);
    readOn(done);
  });
}

void Relay::readOn(const Done& done) {
  server_.expires_after(kSilence);
  server_.async_read_some(asio::buffer(piece_), [this, done](beast::error_code error, size_t count) {
    if (error) return end(has_answered_ ? "" : problem(error), done);
    passOn(count, done);
  });
}

void Relay::passOn(size_t count, const Done& done) {
  has_answered_ = true;
  browser_.expires_after(patience_);
  asio::async_write(browser_, asio::buffer(piece_, count), [this, done](beast::error_code error, size_t) {
    if (error) return end("", done);
    browser_.expires_never();
    readOn(done);
  });
}

void Relay::end(const std::string& problem, const Done& done) {
  beast::error_code ignored;
  server_.socket().close(ignored);
  if (problem.empty()) browser_.socket().shutdown(tcp::socket::shutdown_send, ignored);
  done(problem);
}

std::string Relay::problem(const beast::error_code& error) const {
  return fmt::format("the pages at {} cannot be reached from here: {}", authorityOf(upstream_), error.message());
}

}  // namespace cerium::http
