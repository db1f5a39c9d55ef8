// Cerium. Licensed under the Apache License 2.0.
// The log: one line an event on stderr, with time, level and process role. Its level and the lines for which stderr has
// no room are the only globals of the engine.
#pragma once

#include <fmt/format.h>

#include <chrono>
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
/// Never waits for whoever reads stderr: lines for which there is no room are kept, up to 1 MiB, and written as room
/// comes, by a thread ("cerium-log") that starts with the first of them; a line says how many more were left out. The
/// end of the process waits for them for up to a second. Control characters become \xNN (printable.h), and what follows
/// a line break is indented: no text forges a line.
void write(Level level, std::string_view text);
/// Returns when all is written, or at the end of the limit: for a process that ends without exit().
void flush(std::chrono::milliseconds limit);

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
