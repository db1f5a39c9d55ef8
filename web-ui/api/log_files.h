// Cerium. Licensed under the Apache License 2.0.
// Log files of executors: their list, a part of one, and the lines that contain a text.
#pragma once

#include <boost/json/object.hpp>
#include <filesystem>
#include <string>
#include <vector>

#include "web-ui/http/message.h"

namespace cerium::api {

/// {"files"}: those of `paths` that exist, by their names. `reason` says why there are none.
[[nodiscard]] boost::json::object logFilesJson(const std::vector<std::filesystem::path>& paths,
                                               const std::string& reason);
/// The part that the request asks for: file, offset, length, tail, search. Only files of `paths` are read. Throws
/// Refusal (404) for others.
[[nodiscard]] boost::json::object logTextJson(const std::vector<std::filesystem::path>& paths,
                                              const http::Request& request);

}  // namespace cerium::api
