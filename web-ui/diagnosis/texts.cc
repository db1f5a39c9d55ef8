// Cerium. Licensed under the Apache License 2.0.
#include "web-ui/diagnosis/texts.h"

#include <fmt/format.h>

#include <iterator>

namespace cerium::diagnosis {

std::string timeText(int64_t ms) {
  if (ms < 1000) return fmt::format("{} ms", ms);
  if (ms < 120'000) return fmt::format("{:.1f} s", static_cast<double>(ms) / 1000);
  return fmt::format("{:.1f} min", static_cast<double>(ms) / 60'000);
}

std::string bytesText(int64_t bytes) {
  const char* units[] = {"B", "KiB", "MiB", "GiB", "TiB"};
  auto value = static_cast<double>(bytes);
  size_t unit = 0;
  while (value >= 1024 && unit + 1 < std::size(units)) {
    value /= 1024;
    ++unit;
  }
  return unit == 0 ? fmt::format("{} B", bytes) : fmt::format("{:.1f} {}", value, units[unit]);
}

}  // namespace cerium::diagnosis
