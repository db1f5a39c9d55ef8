// Cerium. Licensed under the Apache License 2.0.
// An HTTP client for one request, for `cerium healthcheck` and the tests.
#pragma once

#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include "web-ui/http/message.h"

namespace cerium::http {

struct Call {
  std::string url;  ///< "http://host:port/path"
  std::string method = "GET";
  std::vector<std::pair<std::string, std::string>> headers = {};  ///< A Host among them replaces that of the URL.
  std::string body = {};
  std::chrono::milliseconds limit = std::chrono::seconds(5);
};

/// Blocks up to the limit. Throws InvalidArgument for another kind of URL, and IoError that names the URL if there is
/// no answer.
[[nodiscard]] Response fetch(const Call& call);

/// GET `url`.
[[nodiscard]] Response httpGet(const std::string& url, std::chrono::milliseconds limit = std::chrono::seconds(5));

}  // namespace cerium::http
