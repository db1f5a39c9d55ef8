// Cerium. Licensed under the Apache License 2.0.
// The bytes of a file from a given offset to its end, decompressed or not. LineReader cuts them into lines.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

namespace cerium::io {

/// A stream of bytes. Threads: externally synchronised.
class ByteSource {
 public:
  virtual ~ByteSource() = default;
  /// Reads up to `capacity` (more than 0) bytes to `out` and returns how many; 0 only at the end. Throws IoError or
  /// CorruptData that names the file and the offset.
  virtual size_t read(char* out, size_t capacity) = 0;
  /// The offset in the file up to which it has read.
  [[nodiscard]] virtual uint64_t offset() const = 0;
  /// The size of the file when it was opened. Decompressed contents may be longer.
  [[nodiscard]] virtual uint64_t fileSize() const = 0;
};

/// The bytes of a regular file, unchanged.
class FileBytes final : public ByteSource {
 public:
  /// Throws IoError if the file cannot be opened or is not a regular file.
  explicit FileBytes(std::string path, uint64_t begin = 0);
  ~FileBytes() override;
  FileBytes(const FileBytes&) = delete;
  FileBytes& operator=(const FileBytes&) = delete;

  size_t read(char* out, size_t capacity) override;
  [[nodiscard]] uint64_t offset() const override { return offset_; }
  [[nodiscard]] uint64_t fileSize() const override { return size_; }
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string path_;
  int fd_;
  uint64_t offset_;
  uint64_t size_ = 0;
};

}  // namespace cerium::io
