// Cerium. Licensed under the Apache License 2.0.
// HTTP requests and answers as handlers see them.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace cerium::http {

struct Request {
  std::string method;                                      ///< "GET" (for HEAD too) or "POST".
  std::string target;                                      ///< As it was sent: "/api/v1/version?x=%20".
  std::string path;                                        ///< Decoded, without the query: "/api/v1/version".
  std::vector<std::pair<std::string, std::string>> query;  ///< Decoded, in order; a name may come several times.
  std::map<std::string, std::string> params;               ///< What stood in the places {name} of the route.
  std::map<std::string, std::string> headers;              ///< By name in small letters.
  std::string body;
  std::string peer;  ///< The address that it comes from: "127.0.0.1".

  /// The first value of a query parameter; `fallback` if there is none.
  [[nodiscard]] std::string get(const std::string& name, const std::string& fallback = {}) const;
  [[nodiscard]] std::vector<std::string> all(const std::string& name) const;
  [[nodiscard]] std::string header(const std::string& small_name) const;
  [[nodiscard]] std::string cookie(const std::string& name) const;
};

/// Another server of the cluster, which answers in the place of this one.
struct Upstream {
  std::string host;
  uint16_t port = 0;
  std::string target;  ///< What it is asked for: "/api/v1/version?x=%20".
  std::string token;   ///< For its login; may be empty.
};

struct Response {
  std::string body = {};
  std::string type = "application/json";
  int status = 200;
  std::vector<std::pair<std::string, std::string>> headers = {};
  /// Set: the answer is a stream of server-sent events. Called several times a second; what it returns is sent, as it
  /// is, and nothing if that is empty.
  std::function<std::string()> events = {};
  /// Set: the request is passed on as it came, and so is the answer, byte by byte.
  std::optional<Upstream> upstream = {};
};

/// A handler that throws this answers with its status and text.
struct Refusal {
  int status = 400;
  std::string text;
};

/// `text` as the answer, ended by a newline.
[[nodiscard]] Response plain(int status, std::string text);

/// "%41+b" -> "A b". A % that is followed by no two hex digits stays.
[[nodiscard]] std::string decodeUrl(std::string_view text, bool plus_is_space);
/// Splits "/path?a=1&b" into a request's path and query.
void parseTarget(std::string_view target, Request& request);

}  // namespace cerium::http
