// Cerium. Licensed under the Apache License 2.0.
// Text in files: which files a path names, how they are cut into partitions, and their lines.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace cerium::io {

/// A piece of a file: one partition of textFile reads one. Compressed files cannot be cut: begin 0, end their size.
struct FileSplit {
  std::string path;
  uint64_t begin = 0;
  uint64_t end = 0;
};

/// The files that `paths` names, sorted: a file, a folder (its files, not hidden ones or those that begin with `_`),
/// a glob (with {a,b}), or several of these separated by commas; "file://" before a path is allowed. Throws IoError
/// naming what is missing, unreadable or not a regular file (a socket, a device), with the system's reason.
[[nodiscard]] std::vector<std::string> listFiles(const std::string& paths);

/// Cuts the files into pieces of about the same size, `min_splits` or more where they are large enough, and none larger
/// than about `max_bytes`. Empty files give none, unless all are empty: then one. Throws as listFiles does.
[[nodiscard]] std::vector<FileSplit> planSplits(const std::string& paths, int min_splits,
                                                uint64_t max_bytes = 128 << 20);

/// The lines of one split. A line belongs to the split in which it begins, so every line is read exactly once.
/// Lines end with LF or CRLF, which are not part of them; a last line without an end counts.
/// .gz, .zst and .lz4 are decompressed while reading. Threads: externally synchronised.
class LineReader {
 public:
  explicit LineReader(const FileSplit& split);
  ~LineReader();
  LineReader(const LineReader&) = delete;
  LineReader& operator=(const LineReader&) = delete;

  /// Fills `lines` with up to `max` lines, reusing the strings it holds: the first `returned` ones are the new lines.
  /// 0 at the end. Throws IoError or CorruptData with path and offset (a corrupt .gz, a disk error, a file that was cut
  /// since the split was planned, a line of more than 1 GiB).
  size_t next(std::vector<std::string>& lines, size_t max);
  /// Bytes taken from the file, compressed ones for compressed files.
  [[nodiscard]] int64_t bytesRead() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

/// The contents of a whole file, decompressed by its suffix. Throws IoError or CorruptData.
[[nodiscard]] std::string readWholeFile(const std::string& path);

/// Prepares a folder for saveAsTextFile and saveAsObjectFile: refuses an existing one (IoError), makes
/// `path/_temporary`. Runs on the driver; on a cluster the folder must be on a file system that every machine sees.
void beginOutput(const std::string& path);
/// After all part files are there: removes `_temporary`, writes `_SUCCESS`.
void finishOutput(const std::string& path);
/// After a failed job: removes `_temporary`; part files that were committed stay, without `_SUCCESS`. Never throws.
void abandonOutput(const std::string& path) noexcept;

/// Throws InvalidArgument for a name that is no compression.
void checkCodec(const std::string& codec);

/// Writes path/part-NNNNN, compressed where `codec` is "gz", "zst" or "lz4" (then with that suffix). It appears under
/// its name only at commit(); of two attempts of one task the first to commit wins and the other is dropped silently.
/// A disk that is full is IoError with the path; what was written goes away with the writer. Threads: externally
/// synchronised.
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
