// Cerium. Licensed under the Apache License 2.0.
// The bytes of a file from its begin to its end, decompressed or not. LineReader cuts lines from them.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

namespace cerium::io {

/// Threads: externally synchronised.
class ByteSource {
 public:
  virtual ~ByteSource() = default;
  /// Puts up to `capacity` (more than 0) bytes at `out` and says how many; 0 only at the end.
  /// Throws IoError or CorruptData, naming the file and the offset.
  virtual size_t read(char* out, size_t capacity) = 0;
  /// How far into the file it has read.
  [[nodiscard]] virtual uint64_t offset() const = 0;
  /// The size of the file when it was opened; what is read is as long, or longer where it is decompressed.
  [[nodiscard]] virtual uint64_t fileSize() const = 0;
};

/// A regular file as it is.
class FileBytes final : public ByteSource {
 public:
  /// Throws IoError where the file cannot be opened or is not a regular one.
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
