// Cerium. Licensed under the Apache License 2.0.
// Passes a request on to another server, and its answer back: how one port shows the pages of others.
#pragma once

#include <array>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>
#include <chrono>
#include <functional>
#include <string>

#include "web-ui/http/message.h"

namespace cerium::http {

/// One request. The bytes of the answer go through as they are, so a stream of events flows. What a browser says of
/// this port (its Origin, cookies and login) is left out; the guard of this port has judged it. Threads: that of the
/// stream's executor. The running operation holds `done`, and so what keeps the relay alive.
class Relay {
 public:
  using Message = boost::beast::http::request<boost::beast::http::string_body>;

  Relay(boost::beast::tcp_stream& browser, const Message& request, const Upstream& upstream);
  using Done = std::function<void(const std::string& problem)>;
  /// Calls `done` once: with what is wrong if nothing was answered yet, else with an empty text.
  void start(std::chrono::milliseconds patience, const Done& done);

 private:
  void connect(const boost::asio::ip::tcp::resolver::results_type& found, const Done& done);
  void ask(const Done& done);
  void readOn(const Done& done);
  void passOn(size_t count, const Done& done);
  void end(const std::string& problem, const Done& done);
  [[nodiscard]] std::string problem(const boost::beast::error_code& error) const;

  boost::beast::tcp_stream& browser_;
  boost::asio::ip::tcp::resolver resolver_;
  boost::beast::tcp_stream server_;
  const Upstream upstream_;
  Message request_;
  std::array<char, 16 << 10> piece_{};
  bool has_answered_ = false;
  std::chrono::milliseconds patience_{};
};

}  // namespace cerium::http
