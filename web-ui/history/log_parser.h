// Cerium. Licensed under the Apache License 2.0.
// Lines of an event log, of Spark or of Cerium, as events.
#pragma once

#include <memory>
#include <optional>
#include <string_view>

#include "web-ui/eventlog/log_events.h"

namespace cerium::history {

/// Threads: externally synchronised. Keeps its memory from line to line.
class LogParser {
 public:
  LogParser();
  ~LogParser();

  /// The event; nullopt for a kind that is not needed. Throws ParseError for a line that is no event.
  [[nodiscard]] std::optional<eventlog::LogEvent> parse(std::string_view line);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace cerium::history
