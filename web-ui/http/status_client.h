// Cerium. Licensed under the Apache License 2.0.
// Asks a web port one question: what `cerium healthcheck` and the tests need of HTTP.
#pragma once

#include <chrono>
#include <string>

#include "web-ui/http/status_server.h"

namespace cerium::cluster_manager {

/// GET `url`, "http://host:port/path". Blocks up to `limit`. Throws InvalidArgument for another kind of URL, IoError
/// that names the URL where nothing answers.
[[nodiscard]] HttpAnswer httpGet(const std::string& url, std::chrono::milliseconds limit = std::chrono::seconds(5));

}  // namespace cerium::cluster_manager
