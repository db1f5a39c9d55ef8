// Cerium. Licensed under the Apache License 2.0.
// Files of encoded records: what saveAsObjectFile and checkpoints write. A file is a magic line, then runs of
// (u64 size, u64 XXH3 of the bytes, bytes); it appears under its name only when whole.
#pragma once

#include <cstdio>
#include <string>

#include "base/util/bytes.h"
#include "rdd/io/part_file.h"

namespace cerium::io {

/// Writes one part file; of two attempts of one task the first that commits wins. Threads: externally synchronised.
class RecordFileWriter {
 public:
  RecordFileWriter(const std::string& folder, int partition, int64_t attempt);

  void append(const Bytes& run);
  void commit() { file_.commit(); }

 private:
  PartFile file_;
};

/// Reads the runs of one part file. Throws IoError or CorruptData, naming the file.
class RecordFileReader {
 public:
  explicit RecordFileReader(std::string path);
  ~RecordFileReader();
  RecordFileReader(const RecordFileReader&) = delete;
  RecordFileReader& operator=(const RecordFileReader&) = delete;

  /// False at the end of the file.
  bool next(Bytes& run);

 private:
  std::string path_;
  std::FILE* file_;
  uint64_t left_;
};

}  // namespace cerium::io
