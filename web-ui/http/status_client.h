// Cerium. Licensed under the Apache License 2.0.
// An HTTP client for one request, for `cerium healthcheck` and the tests.
#pragma once

#include <chrono>
#include <string>

#include "web-ui/http/status_server.h"

namespace cerium::cluster_manager {

/// GET `url`, "http://host:port/path". Blocks up to `limit`. Throws InvalidArgument for another kind of URL, and
/// IoError that names the URL if there is no answer.
[[nodiscard]] HttpAnswer httpGet(const std::string& url, std::chrono::milliseconds limit = std::chrono::seconds(5));

}  // namespace cerium::cluster_manager
