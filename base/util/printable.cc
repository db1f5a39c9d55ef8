// Cerium. Licensed under the Apache License 2.0.
#include "base/util/printable.h"

#include <fmt/format.h>

#include <cstddef>
#include <cstdint>
#include <iterator>

namespace cerium {
namespace {

/// The length in bytes of the UTF-8 character at the front of `text`; 0 if it is invalid or must not be shown.
size_t shownLength(std::string_view text) {
  const auto byte = [&](size_t i) { return static_cast<uint8_t>(text[i]); };
  const uint8_t first = byte(0);
  if (first < 0x80) return (first >= 0x20 && first != 0x7f) || first == '\n' || first == '\t' ? 1 : 0;
  // No character begins with 0xc0, 0xc1 or a byte above 0xf4.
  const size_t length = first >= 0xc2 && first <= 0xdf   ? 2
                        : (first & 0xf0) == 0xe0         ? 3
                        : first >= 0xf0 && first <= 0xf4 ? 4
                                                         : 0;
  if (length == 0 || text.size() < length) return 0;
  for (size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return 0;
  }
  const uint8_t second = byte(1);
  const bool is_control = first == 0xc2 && second < 0xa0;
  const bool is_too_long = (first == 0xe0 && second < 0xa0) || (first == 0xf0 && second < 0x90);
  const bool is_surrogate = first == 0xed && second >= 0xa0;
  const bool is_beyond = first == 0xf4 && second >= 0x90;
  return is_control || is_too_long || is_surrogate || is_beyond ? 0 : length;
}

}  // namespace

std::string printable(std::string_view text) {
  std::string result;
  result.reserve(text.size());
  while (!text.empty()) {
    const size_t length = shownLength(text);
    if (length > 0) {
      result += text.substr(0, length);
    } else {
      fmt::format_to(std::back_inserter(result), "\\x{:02X}", static_cast<uint8_t>(text[0]));
    }
    text.remove_prefix(length > 0 ? length : 1);
  }
  return result;
}

}  // namespace cerium
