// Cerium. Licensed under the Apache License 2.0.
// Files of encoded records: what saveAsObjectFile and checkpoints write. A file is a magic line, then runs of
// (u64 size, u64 XXH3 of the bytes, bytes); it appears under its name only when whole.
#pragma once

#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "base/util/bytes.h"

namespace cerium::io {

/// "folder/part-00003".
[[nodiscard]] std::string partPath(const std::string& folder, int partition);
/// Makes a folder and those above it. Throws IoError with the path and the reason.
void makeFolder(const std::string& path);

/// Writes one part file. Threads: externally synchronised.
class RecordFileWriter {
 public:
  /// Two attempts of one task write to different temporary files; the first that commits wins.
  RecordFileWriter(const std::string& folder, int partition, int64_t attempt);
  ~RecordFileWriter();
  RecordFileWriter(const RecordFileWriter&) = delete;
  RecordFileWriter& operator=(const RecordFileWriter&) = delete;

  void append(const Bytes& run);
  void commit();

 private:
  void write(const void* data, size_t size);

  std::string path_;
  std::string temporary_;
  std::FILE* file_;
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
