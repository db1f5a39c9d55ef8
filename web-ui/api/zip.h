// Cerium. Licensed under the Apache License 2.0.
// Files as one zip archive, uncompressed: event logs are compressed already. The format is PKWARE's APPNOTE 6.3.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace cerium::api {

/// The archive of files, given as name and contents, below 4 GiB in all. Throws InvalidArgument beyond that.
[[nodiscard]] std::string zipOf(const std::vector<std::pair<std::string, std::string>>& files);

}  // namespace cerium::api
