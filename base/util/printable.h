// Cerium. Licensed under the Apache License 2.0.
#pragma once

#include <string>
#include <string_view>

namespace cerium {

/// Text from elsewhere (a program, a peer), fit for a terminal, a log and JSON. UTF-8 stays, and so do newlines and
/// tabs; other control characters, also those of two bytes (U+0080 to U+009F), and bytes that are no UTF-8 become \xNN.
[[nodiscard]] std::string printable(std::string_view text);

}  // namespace cerium
