// Cerium. Licensed under the Apache License 2.0.
// The log: one line an event on stderr, with time, level and process role. The only global of the engine is its level.
#pragma once

#include <fmt/format.h>

#include <string>
#include <string_view>

namespace cerium::log {

enum class Level { kDebug, kInfo, kWarn, kError, kOff };

void setLevel(Level level);
/// "DEBUG", "INFO", "WARN", "ERROR" or "OFF"; throws InvalidArgument for others.
void setLevel(std::string_view name);
[[nodiscard]] bool enabled(Level level);
/// Stands in every line of this process: "driver", "executor 3".
void setRole(std::string role);
/// Control characters become \xNN (printable.h), and what follows a line break is indented: no text forges a line.
void write(Level level, std::string_view text);

template <class... Args>
void info(fmt::format_string<Args...> format, Args&&... args) {
  if (enabled(Level::kInfo)) write(Level::kInfo, fmt::format(format, std::forward<Args>(args)...));
}
template <class... Args>
void warn(fmt::format_string<Args...> format, Args&&... args) {
  if (enabled(Level::kWarn)) write(Level::kWarn, fmt::format(format, std::forward<Args>(args)...));
}
template <class... Args>
void error(fmt::format_string<Args...> format, Args&&... args) {
  if (enabled(Level::kError)) write(Level::kError, fmt::format(format, std::forward<Args>(args)...));
}

}  // namespace cerium::log
