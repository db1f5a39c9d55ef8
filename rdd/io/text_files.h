// Cerium. Licensed under the Apache License 2.0.
// Text files: the files that a path names, how they are cut into partitions, and their lines.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace cerium::io {

/// A piece of a file, read by one partition of textFile. A compressed file is one piece: begin 0, end its size.
struct FileSplit {
  std::string path;
  uint64_t begin = 0;
  uint64_t end = 0;
};

/// The files that `paths` names, sorted. `paths` is a file, a folder (its files, except names that begin with `.` or
/// `_`), a glob (with {a,b}), or several of these separated by commas; each may begin with "file://". Throws IoError
/// that names a path which is missing, unreadable or not a regular file (a socket, a device), with the system's reason.
[[nodiscard]] std::vector<std::string> listFiles(const std::string& paths);

/// Cuts the files into pieces of about the same size: at least `min_splits` if the files are large enough, and none
/// much larger than `max_bytes`. Empty files give no piece; if all files are empty, one. Throws as listFiles does.
[[nodiscard]] std::vector<FileSplit> planSplits(const std::string& paths, int min_splits,
                                                uint64_t max_bytes = 128 << 20);

/// The lines of one split. A line belongs to the split in which it begins, so every line is read exactly once. Lines
/// end with LF or CRLF, which are not part of them; the last line may lack its end. .gz, .zst and .lz4 are decompressed
/// while reading. Threads: externally synchronised.
class LineReader {
 public:
  explicit LineReader(const FileSplit& split);
  ~LineReader();
  LineReader(const LineReader&) = delete;
  LineReader& operator=(const LineReader&) = delete;

  /// Reads up to `max` lines into the first elements of `lines`, reusing their strings, and returns how many; 0 at the
  /// end. Throws IoError or CorruptData with path and offset (a corrupt .gz, a disk error, a file that became shorter
  /// since the split was planned, a line of more than 1 GiB).
  size_t next(std::vector<std::string>& lines, size_t max);
  /// Bytes read from the file; compressed bytes for compressed files.
  [[nodiscard]] int64_t bytesRead() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

/// The contents of a whole file, decompressed by its suffix. Throws IoError or CorruptData.
[[nodiscard]] std::string readWholeFile(const std::string& path);

/// Prepares a folder for saveAsTextFile and saveAsObjectFile: throws IoError if it exists, makes `path/_temporary`.
/// Runs on the driver; in a cluster the folder must be on a file system that every machine sees.
void beginOutput(const std::string& path);
/// Called when all part files are committed: removes `_temporary` and writes `_SUCCESS`.
void finishOutput(const std::string& path);
/// Called after a failed job: removes `_temporary`. Committed part files stay, without `_SUCCESS`. Never throws.
void abandonOutput(const std::string& path) noexcept;

/// Throws InvalidArgument if `codec` is not the name of a compression.
void checkCodec(const std::string& codec);

/// Writes path/part-NNNNN, compressed if `codec` is "gz", "zst" or "lz4" (then with that suffix). The file gets its
/// name at commit(); the first attempt of a task that commits wins, another is removed silently. Throws IoError with
/// the path if the disk is full; an uncommitted file is removed with the writer. Threads: externally synchronised.
class TextPartWriter {
 public:
  TextPartWriter(const std::string& path, int partition, int64_t attempt, const std::string& codec);
  ~TextPartWriter();
  TextPartWriter(const TextPartWriter&) = delete;
  TextPartWriter& operator=(const TextPartWriter&) = delete;

  void line(std::string_view text);
  void commit();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace cerium::io
