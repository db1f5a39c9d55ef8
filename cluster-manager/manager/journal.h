// Cerium. Licensed under the Apache License 2.0.
// The manager's journal: a file to which records are appended. The next manager reads it.
//
//   file   := "CERIUMJ2" record*
//   record := length(u32 LE) checksum(u64 LE, XXH3 of the bytes) bytes
//
// A killed manager may leave half a record at the end. Reading skips it, and records that the disk damaged.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/protocol/journal_records.h"

namespace cerium::cluster_manager {

/// Appends records to a file. Threads: externally synchronised. One process at a time; see standby_lock.h.
class Journal {
 public:
  /// The records of a journal, and the number of bytes that are not whole records.
  struct Contents {
    std::vector<protocol::JournalRecord> records;
    uint64_t damaged_bytes = 0;
  };
  /// Empty if there is no such file. Throws IoError if it cannot be read, and CorruptData if it is not a journal.
  [[nodiscard]] static Contents read(const std::string& path);

  /// Replaces the file with one that holds only `records`, and opens it for appending. Throws IoError.
  Journal(std::string path, const std::vector<protocol::JournalRecord>& records, uint64_t least_due = 64 << 20);
  ~Journal();
  Journal(const Journal&) = delete;
  Journal& operator=(const Journal&) = delete;

  /// Returns when the records are on disk. If it throws IoError, the manager must not act on the records.
  void append(const std::vector<protocol::JournalRecord>& records);
  /// Replaces the file with one that holds only the records of `snapshot`, if the file has doubled since it was last
  /// written anew and has at least `least_due` bytes. If that fails, the error is logged and the old file stays in use.
  void tidy(const std::function<std::vector<protocol::JournalRecord>()>& snapshot);
  [[nodiscard]] uint64_t bytes() const { return bytes_; }

 private:
  void rewrite(const std::vector<protocol::JournalRecord>& records);

  const std::string path_;
  const uint64_t least_due_;
  int fd_ = -1;
  uint64_t bytes_ = 0;
  uint64_t due_ = 0;  ///< The size at which the file is written anew.
};

}  // namespace cerium::cluster_manager
