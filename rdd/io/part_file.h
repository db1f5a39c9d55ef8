// Cerium. Licensed under the Apache License 2.0.
// One part of a job's output: a file that gets its name once it is complete, and only once, however many attempts of
// its task run. TextPartWriter and RecordFileWriter write through it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/util/bytes.h"

namespace cerium::io {

/// "folder/part-00003".
[[nodiscard]] std::string partPath(const std::string& folder, int partition);
/// Makes a folder and its parents. Throws IoError with the path and the reason.
void makeFolder(const std::string& path);

/// Writes to a temporary name until commit(): `folder/_temporary/attempt-7-part-00003` if beginOutput has made that
/// folder, else a hidden file in `folder`, which must exist. Threads: externally synchronised.
class PartFile {
 public:
  /// The final name is partPath(folder, partition) + suffix. Throws IoError.
  PartFile(const std::string& folder, int partition, int64_t attempt, std::string_view suffix = "");
  /// Removes the file if it was not committed.
  ~PartFile();
  PartFile(const PartFile&) = delete;
  PartFile& operator=(const PartFile&) = delete;

  /// Throws IoError with path and reason, and removes the file; no further write is possible then.
  void write(std::string_view bytes);
  /// Gives the file its final name. If another attempt has taken the name, this file is removed silently: both hold the
  /// same records. Not synced to disk: after a crash of the machine, lineage computes lost files again.
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
