// Cerium. Licensed under the Apache License 2.0.
#include "web-ui/http/client.h"

#include <fmt/format.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>
#include <optional>
#include <string_view>

#include "base/util/error.h"

namespace cerium::http {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
using asio::ip::tcp;

struct Url {
  std::string host;
  std::string port;
  std::string path;
};

Url parse(std::string_view text) {
  constexpr std::string_view kScheme = "http://";
  if (!text.starts_with(kScheme))
    throw InvalidArgument(fmt::format("\"{}\" is not an http address; write http://host:port/path", text));
  std::string_view rest = text.substr(kScheme.size());
  const size_t slash = rest.find('/');
  Url url{.host = "", .port = "80", .path = slash == rest.npos ? "/" : std::string(rest.substr(slash))};
  rest = rest.substr(0, slash);
  const size_t colon = rest.rfind(':');
  if (colon != rest.npos && rest.find(']', colon) == rest.npos) {
    url.port = rest.substr(colon + 1);
    rest = rest.substr(0, colon);
  }
  if (rest.starts_with('[') && rest.ends_with(']')) rest = rest.substr(1, rest.size() - 2);
  url.host = rest;
  if (url.host.empty() || url.port.empty())
    throw InvalidArgument(fmt::format("\"{}\" names no host; write http://host:port/path", text));
  return url;
}

/// One request, as a chain of asynchronous steps, because only those have time limits.
class Question {
 public:
  Question(asio::io_context& io, const Call& call, const Url& url) : resolver_(io), stream_(io) {
    request_.method_string(call.method);
    request_.version(11);
    request_.target(url.path);
    request_.set(beast::http::field::host, url.host + ":" + url.port);
    request_.set(beast::http::field::connection, "close");
    for (const auto& [name, value] : call.headers) request_.set(name, value);
    request_.body() = call.body;
    request_.prepare_payload();
    resolver_.async_resolve(
        url.host, url.port, [this](beast::error_code error, const tcp::resolver::results_type& found) {
          if (failed(error)) return;
          stream_.async_connect(found, [this](beast::error_code not_connected, const tcp::endpoint&) {
            if (!failed(not_connected)) ask();
          });
        });
  }

  std::optional<beast::error_code> outcome;
  beast::http::response<beast::http::string_body> response;

 private:
  void ask() {
    beast::http::async_write(stream_, request_, [this](beast::error_code error, size_t) {
      if (failed(error)) return;
      beast::http::async_read(stream_, buffer_, response,
                              [this](beast::error_code not_read, size_t) { outcome = not_read; });
    });
  }
  bool failed(beast::error_code error) {
    if (error) outcome = error;
    return error.failed();
  }

  tcp::resolver resolver_;
  beast::tcp_stream stream_;
  beast::flat_buffer buffer_;
  beast::http::request<beast::http::string_body> request_;
};

}  // namespace

Response fetch(const Call& call) {
  asio::io_context io(1);
  Question question(io, call, parse(call.url));
  io.run_for(call.limit);
  if (!question.outcome) throw IoError(fmt::format("{} does not answer within {} ms", call.url, call.limit.count()));
  if (*question.outcome) throw IoError(fmt::format("cannot read {}: {}", call.url, question.outcome->message()));
  Response answer;
  answer.status = static_cast<int>(question.response.result_int());
  answer.type = std::string(question.response[beast::http::field::content_type]);
  for (const auto& field : question.response)
    answer.headers.emplace_back(std::string(field.name_string()), std::string(field.value()));
  answer.body = std::move(question.response.body());
  return answer;
}

Response httpGet(const std::string& url, std::chrono::milliseconds limit) {
  return fetch({.url = url, .limit = limit});
}

}  // namespace cerium::http
