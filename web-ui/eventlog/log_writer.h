// Cerium. Licensed under the Apache License 2.0.
// The event log of one application on disk, laid out as Spark 4's rolling logs: the folder eventlog_v2_APP with
// events_N_APP.zstd, compressed JSON lines, and appstatus_APP.inprogress, which loses its ending when the application
// has ended.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

#include "web-ui/eventlog/log_events.h"

namespace cerium::eventlog {

/// Threads: externally synchronised.
class LogWriter {
 public:
  struct Options {
    std::filesystem::path folder;            ///< Of all applications' logs; created where it is missing.
    std::string application;                 ///< Its id.
    uint64_t max_file_bytes = 128ULL << 20;  ///< Compressed; the next file begins after it.
  };

  /// Throws IoError that names the path.
  explicit LogWriter(Options options);
  /// Ends the log as that of an application which ended.
  ~LogWriter();
  LogWriter(const LogWriter&) = delete;
  LogWriter& operator=(const LogWriter&) = delete;

  /// Appends one line. Throws IoError where the disk is full or fails: then the log ends before this event.
  void write(const LogEvent& event);
  /// Hands all that was written to the system, so that readers see it.
  void flush();

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  class File;
  void roll();

  const Options options_;
  const std::filesystem::path path_;
  std::unique_ptr<File> file_;
  int index_ = 0;
};

}  // namespace cerium::eventlog
