// Cerium. Licensed under the Apache License 2.0.
// The values of settings as text: Spark's notation for sizes and durations, numbers, truth. Each function gives nothing
// for text that is not such a value; blanks around it do not matter.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cerium {

[[nodiscard]] std::string_view trimmed(std::string_view text);
/// The parts of "a, b,c" without blanks around them; empty ones are left out.
[[nodiscard]] std::vector<std::string> parseList(std::string_view text);

[[nodiscard]] std::optional<int64_t> parseInt(std::string_view text);
/// A finite number.
[[nodiscard]] std::optional<double> parseDouble(std::string_view text);
/// "true" or "false" in any case.
[[nodiscard]] std::optional<bool> parseBool(std::string_view text);
/// "48m" is 48 MiB: b, k, kb, m, mb, g, gb, t, tb in any case; a number alone counts in `unit` bytes.
[[nodiscard]] std::optional<int64_t> parseSize(std::string_view text, int64_t unit);
/// Milliseconds of "100ms", "30s", "5m", "5min", "1h", "2d" or "800us" (rounded up); a number alone counts in `unit`
/// ms.
[[nodiscard]] std::optional<int64_t> parseDurationMs(std::string_view text, int64_t unit);

}  // namespace cerium
