// Cerium. Licensed under the Apache License 2.0.
#include "base/util/log.h"

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <ctime>
#include <mutex>

#include "base/util/error.h"
#include "base/util/printable.h"

namespace cerium::log {
namespace {

constexpr std::string_view kNames[] = {"DEBUG", "INFO", "WARN", "ERROR", "OFF"};
std::atomic<Level> g_level{Level::kWarn};

struct Role {
  std::mutex mutex;
  std::string text;
};
Role& role() {
  static auto* role = new Role();
  return *role;
}

/// What comes from others cannot look like a line of ours, nor reach the terminal as more than text.
std::string indented(std::string_view text) {
  while (text.ends_with('\n')) text.remove_suffix(1);
  std::string result;
  for (const char c : printable(text)) {
    result += c;
    if (c == '\n') result += "    ";
  }
  return result;
}

}  // namespace

void setLevel(Level level) { g_level = level; }

void setLevel(std::string_view name) {
  auto found = std::find(std::begin(kNames), std::end(kNames), name);
  if (found == std::end(kNames)) {
    throw InvalidArgument(fmt::format("\"{}\" is not a log level; use DEBUG, INFO, WARN, ERROR or OFF", name));
  }
  g_level = static_cast<Level>(found - std::begin(kNames));
}

bool enabled(Level level) { return level >= g_level.load(std::memory_order_relaxed); }

void setRole(std::string text) {
  std::lock_guard lock(role().mutex);
  role().text = std::move(text);
}

void write(Level level, std::string_view text) {
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME, &now);
  std::tm parts{};
  ::localtime_r(&now.tv_sec, &parts);
  std::string who;
  {
    std::lock_guard lock(role().mutex);
    who = role().text;
  }
  const std::string line = fmt::format("{:02}:{:02}:{:02}.{:03} {} {}{}{}\n", parts.tm_hour, parts.tm_min, parts.tm_sec,
                                       now.tv_nsec / 1'000'000, kNames[static_cast<size_t>(level)], who,
                                       who.empty() ? "" : ": ", indented(text));
  // One write a line, so that the lines of several threads and processes do not mix.
  [[maybe_unused]] auto written = ::write(STDERR_FILENO, line.data(), line.size());
}

}  // namespace cerium::log
