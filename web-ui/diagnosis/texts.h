// Cerium. Licensed under the Apache License 2.0.
// Durations and sizes as people read them.
#pragma once

#include <cstdint>
#include <string>

namespace cerium::diagnosis {

/// "340 ms", "1.5 s", "12.0 min".
[[nodiscard]] std::string timeText(int64_t ms);
/// "12.3 MiB".
[[nodiscard]] std::string bytesText(int64_t bytes);

}  // namespace cerium::diagnosis
