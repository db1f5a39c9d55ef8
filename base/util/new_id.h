// Cerium. Licensed under the Apache License 2.0.
#pragma once

#include <string>
#include <string_view>

namespace cerium {

/// "app-20260131-120501-7f3a-4711": `prefix`, local time, random digits, process. Readable, sortable, unique on a
/// machine and most likely everywhere.
[[nodiscard]] std::string newId(std::string_view prefix);

}  // namespace cerium
