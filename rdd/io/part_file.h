// Cerium. Licensed under the Apache License 2.0.
// A part of a job's output: a file that appears under its name when it is whole, and once, however many attempts of its
// task run. TextPartWriter and RecordFileWriter write through it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/util/bytes.h"

namespace cerium::io {

/// "folder/part-00003".
[[nodiscard]] std::string partPath(const std::string& folder, int partition);
/// Makes a folder and those above it. Throws IoError with the path and the reason.
void makeFolder(const std::string& path);

/// Writes to a name of its own until commit(): `folder/_temporary/attempt-7-part-00003` where beginOutput has made that
/// folder, else a hidden file in `folder`, which must exist. Threads: externally synchronised.
class PartFile {
 public:
  /// The file will be partPath(folder, partition) + suffix. Throws IoError.
  PartFile(const std::string& folder, int partition, int64_t attempt, std::string_view suffix = "");
  /// Without a commit the file is removed.
  ~PartFile();
  PartFile(const PartFile&) = delete;
  PartFile& operator=(const PartFile&) = delete;

  /// Throws IoError with path and reason, and removes the file; then nothing more can be written.
  void write(std::string_view bytes);
  /// Gives the file its name. If another attempt has taken it, this one is removed without a word: both hold the same
  /// records. Not synchronised to the disk: what a crash of the machine takes, lineage computes again.
  void commit();

 private:
  void flush();
  void discard() noexcept;
  [[noreturn]] void fail(int error);

  std::string path_;
  std::string temporary_;
  int fd_;
  Bytes buffer_;
};

}  // namespace cerium::io
