// Cerium. Licensed under the Apache License 2.0.
// A file by its content: a program or a file of data that a driver or `cerium submit` hands out in pieces, and that a
// worker asks for and checks.
#pragma once

#include <cstdint>
#include <string>

#include "base/util/bytes.h"

namespace cerium::rpc {

/// SHA-256, fed in parts. Threads: externally synchronised.
class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(const Sha256&) = delete;
  Sha256& operator=(const Sha256&) = delete;
  void update(const void* data, size_t size);
  /// In hex, 64 digits. The end: neither function may be called after it.
  [[nodiscard]] std::string hex();

 private:
  void* context_;
};

/// A regular file, held open: what stands at its path later does not matter. Threads: thread-safe.
class ContentFile {
 public:
  /// The most bytes of one piece.
  static constexpr size_t kPieceBytes = size_t{1} << 20;

  /// Throws IoError that names the path: cannot be opened, or is no regular file.
  explicit ContentFile(const std::string& path);
  ~ContentFile();
  ContentFile(const ContentFile&) = delete;
  ContentFile& operator=(const ContentFile&) = delete;

  [[nodiscard]] uint64_t bytes() const { return bytes_; }
  /// Reads the whole file. Throws IoError.
  [[nodiscard]] std::string hash() const;
  /// Up to kPieceBytes from `offset`; empty behind the end. Throws IoError.
  [[nodiscard]] Bytes piece(uint64_t offset) const;

 private:
  const std::string path_;
  int fd_ = -1;
  uint64_t bytes_ = 0;
};

}  // namespace cerium::rpc
