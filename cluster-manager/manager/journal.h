// Cerium. Licensed under the Apache License 2.0.
// The manager's journal: a file that records are appended to, read by the manager that comes after.
//
//   file   := "CERIUMJ2" record*
//   record := length(u32 LE) checksum(u64 LE, XXH3 of the bytes) bytes
//
// A manager that is killed may leave half a record at the end; that, and a record that a disk has damaged, is left out.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/protocol/journal_records.h"

namespace cerium::cluster_manager {

/// Threads: externally synchronised. One process at a time; see standby_lock.h.
class Journal {
 public:
  /// What a journal holds, and how many bytes of it were no whole records.
  struct Contents {
    std::vector<protocol::JournalRecord> records;
    uint64_t damaged_bytes = 0;
  };
  /// Empty where there is no such file. Throws IoError where it cannot be read, CorruptData where it is no journal.
  [[nodiscard]] static Contents read(const std::string& path);

  /// Replaces the file with one that holds just these, and appends to that. Throws IoError.
  Journal(std::string path, const std::vector<protocol::JournalRecord>& records, uint64_t least_due = 64 << 20);
  ~Journal();
  Journal(const Journal&) = delete;
  Journal& operator=(const Journal&) = delete;

  /// Returns when they are on the disk. Throws IoError: the manager must not go on as if they were.
  void append(const std::vector<protocol::JournalRecord>& records);
  /// Replaces the file with one that holds just what `snapshot` gives, when it has doubled since it was written anew,
  /// and has `least_due` bytes. Where that fails the log says so, and the file goes on as it is: all is in it.
  void tidy(const std::function<std::vector<protocol::JournalRecord>()>& snapshot);
  [[nodiscard]] uint64_t bytes() const { return bytes_; }

 private:
  void rewrite(const std::vector<protocol::JournalRecord>& records);

  const std::string path_;
  const uint64_t least_due_;
  int fd_ = -1;
  uint64_t bytes_ = 0;
  uint64_t due_ = 0;  ///< That many are worth writing it anew.
};

}  // namespace cerium::cluster_manager
