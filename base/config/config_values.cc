// Cerium. Licensed under the Apache License 2.0.
#include "base/config/config_values.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cmath>
#include <string>

namespace cerium {
namespace {

std::string lowered(std::string_view text) {
  std::string result(text);
  std::transform(result.begin(), result.end(), result.begin(), [](unsigned char c) { return std::tolower(c); });
  return result;
}

template <class Number>
std::optional<Number> parseNumber(std::string_view text) {
  Number number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

struct Suffix {
  std::string_view text;
  int64_t factor;
};

/// "12kb" with the suffix kb = 1024 gives 12288. Nothing if the suffix is unknown or the product overflows.
std::optional<int64_t> parseScaled(std::string_view text, int64_t unit, std::initializer_list<Suffix> suffixes) {
  text = trimmed(text);
  const size_t digits = std::min(text.find_first_not_of("-0123456789"), text.size());
  const std::optional<int64_t> number = parseNumber<int64_t>(text.substr(0, digits));
  const std::string suffix = lowered(text.substr(digits));
  if (!number) return std::nullopt;
  const auto* known = std::find_if(suffixes.begin(), suffixes.end(), [&](const Suffix& s) { return s.text == suffix; });
  if (known == suffixes.end() && !suffix.empty()) return std::nullopt;
  int64_t result;
  if (__builtin_mul_overflow(*number, suffix.empty() ? unit : known->factor, &result)) return std::nullopt;
  return result;
}

}  // namespace

std::string_view trimmed(std::string_view text) {
  const size_t begin = text.find_first_not_of(" \t\r\n");
  if (begin == text.npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t\r\n") - begin + 1);
}

std::vector<std::string> parseList(std::string_view text) {
  std::vector<std::string> parts;
  for (;;) {
    const size_t comma = text.find(',');
    if (const auto part = trimmed(text.substr(0, comma)); !part.empty()) parts.emplace_back(part);
    if (comma == text.npos) return parts;
    text.remove_prefix(comma + 1);
  }
}

std::optional<int64_t> parseInt(std::string_view text) { return parseNumber<int64_t>(trimmed(text)); }

std::optional<double> parseDouble(std::string_view text) {
  const std::optional<double> number = parseNumber<double>(trimmed(text));
  return number && std::isfinite(*number) ? number : std::nullopt;
}

std::optional<bool> parseBool(std::string_view text) {
  const std::string word = lowered(trimmed(text));
  if (word == "true") return true;
  if (word == "false") return false;
  return std::nullopt;
}

std::optional<int64_t> parseSize(std::string_view text, int64_t unit) {
  constexpr int64_t kKiB = 1024, kMiB = kKiB << 10, kGiB = kKiB << 20, kTiB = kKiB << 30;
  return parseScaled(text, unit,
                     {{"b", 1},
                      {"k", kKiB},
                      {"kb", kKiB},
                      {"m", kMiB},
                      {"mb", kMiB},
                      {"g", kGiB},
                      {"gb", kGiB},
                      {"t", kTiB},
                      {"tb", kTiB}});
}

std::optional<int64_t> parseDurationMs(std::string_view text, int64_t unit) {
  constexpr int64_t kMs = 1000, kSecond = 1000 * kMs, kMinute = 60 * kSecond, kHour = 60 * kMinute, kDay = 24 * kHour;
  const std::optional<int64_t> us = parseScaled(
      text, unit * kMs,
      {{"us", 1}, {"ms", kMs}, {"s", kSecond}, {"m", kMinute}, {"min", kMinute}, {"h", kHour}, {"d", kDay}});
  if (!us) return std::nullopt;
  return *us / kMs + (*us % kMs > 0 ? 1 : 0);  // rounded up, because 0 often means "off"
}

}  // namespace cerium
