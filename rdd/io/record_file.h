// Cerium. Licensed under the Apache License 2.0.
// Files of encoded records, written by saveAsObjectFile and checkpoints: a magic line, then runs of (u64 size, u64 XXH3
// of the bytes, bytes). A file gets its name once it is complete.
#pragma once

#include <cstdio>
#include <string>

#include "base/util/bytes.h"
#include "rdd/io/part_file.h"

namespace cerium::io {

/// Writes one part file. The first attempt of a task that commits wins. Threads: externally synchronised.
class RecordFileWriter {
 public:
  RecordFileWriter(const std::string& folder, int partition, int64_t attempt);

  void append(const Bytes& run);
  void commit() { file_.commit(); }

 private:
  PartFile file_;
};

/// Reads the runs of one part file. Throws IoError or CorruptData that names the file.
class RecordFileReader {
 public:
  explicit RecordFileReader(std::string path);
  ~RecordFileReader();
  RecordFileReader(const RecordFileReader&) = delete;
  RecordFileReader& operator=(const RecordFileReader&) = delete;

  /// Reads the next run. Returns false at the end of the file.
  bool next(Bytes& run);

 private:
  std::string path_;
  std::FILE* file_;
  uint64_t left_;
};

}  // namespace cerium::io
