// Cerium. Licensed under the Apache License 2.0.
#pragma once

#include <string>
#include <string_view>

namespace cerium {

/// Makes text from elsewhere (a program, a peer) fit for a terminal, a log and JSON. UTF-8, newlines and tabs stay.
/// Other control characters, including U+0080 to U+009F, and bytes that are not UTF-8 become \xNN.
[[nodiscard]] std::string printable(std::string_view text);

}  // namespace cerium
