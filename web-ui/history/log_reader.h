// Cerium. Licensed under the Apache License 2.0.
// Event logs on disk: Spark's rolling folders and single files, plain or compressed with zstd, and Cerium's.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "web-ui/eventlog/log_events.h"

namespace cerium::history {

/// What was read of a log, and what was not.
struct LogSummary {
  uint64_t lines = 0;
  uint64_t skipped_lines = 0;      ///< No JSON, or no event.
  std::vector<std::string> notes;  ///< What is wrong with the log, one sentence each, at most 10.
  [[nodiscard]] bool isComplete() const { return skipped_lines == 0 && notes.empty(); }
};

/// Whether the path looks like an event log: a folder eventlog_v2_..., or a file that begins as one.
[[nodiscard]] bool isLog(const std::filesystem::path& path);
/// Whether the application had not ended, as far as the names of the files say.
[[nodiscard]] bool isInProgress(const std::filesystem::path& log);
/// The files of a log in the order of their contents.
[[nodiscard]] std::vector<std::filesystem::path> filesOf(const std::filesystem::path& log);

/// Gives `sink` the events of the log in order. A log that is cut or damaged gives what is valid; the summary says what
/// is not. Throws IoError if the path cannot be read at all.
LogSummary readLog(const std::filesystem::path& log, const std::function<void(eventlog::LogEvent)>& sink);

}  // namespace cerium::history
