// Cerium. Licensed under the Apache License 2.0.
// The log: one line on stderr for each event, with time, level and process role. The log level and the lines that wait
// for stderr are the only globals of the engine.
#pragma once

#include <fmt/format.h>

#include <chrono>
#include <string>
#include <string_view>

namespace cerium::log {

enum class Level { kDebug, kInfo, kWarn, kError, kOff };

void setLevel(Level level);
/// Takes "DEBUG", "INFO", "WARN", "ERROR" or "OFF"; throws InvalidArgument for other names.
void setLevel(std::string_view name);
[[nodiscard]] bool enabled(Level level);
/// Sets the role that every line of this process shows: "driver", "executor 3".
void setRole(std::string role);
/// Writes a line and never waits for the reader of stderr. Lines that stderr has no room for are kept, up to 1 MiB, and
/// written later by the thread "cerium-log", which the first kept line starts; a log line counts the lines left out.
/// The end of the process waits up to a second for kept lines.
/// Control characters become \xNN (printable.h) and lines after the first are indented, so no text can forge a line.
void write(Level level, std::string_view text);
/// Returns when all lines are written, or after `limit`. For processes that end without exit().
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
