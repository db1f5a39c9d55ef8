// Cerium. Licensed under the Apache License 2.0.
// Parses values of settings: numbers, true and false, sizes and durations in Spark's notation. Each function returns
// nothing for text that is not such a value, and ignores blanks around it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cerium {

[[nodiscard]] std::string_view trimmed(std::string_view text);
/// The parts of "a, b,c" without blanks around them. Empty parts are left out.
[[nodiscard]] std::vector<std::string> parseList(std::string_view text);

[[nodiscard]] std::optional<int64_t> parseInt(std::string_view text);
/// A finite number.
[[nodiscard]] std::optional<double> parseDouble(std::string_view text);
/// "true" or "false" in any case.
[[nodiscard]] std::optional<bool> parseBool(std::string_view text);
/// Bytes: "48m" is 48 MiB. Suffixes b, k, kb, m, mb, g, gb, t, tb in any case; a number without a suffix counts `unit`
/// bytes.
[[nodiscard]] std::optional<int64_t> parseSize(std::string_view text, int64_t unit);
/// Milliseconds, rounded up: "100ms", "30s", "5m", "5min", "1h", "2d", "800us". A number without a suffix counts `unit`
/// ms.
[[nodiscard]] std::optional<int64_t> parseDurationMs(std::string_view text, int64_t unit);

}  // namespace cerium
