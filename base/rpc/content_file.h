// Cerium. Licensed under the Apache License 2.0.
// A file named by the hash of its content. Drivers and `cerium submit` hand programs and data files out in pieces;
// workers fetch and check them.
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
  /// The hash in hex, 64 digits. Call it last, once.
  [[nodiscard]] std::string hex();

 private:
  void* context_;
};

/// An open regular file: later changes of its path do not matter. Threads: thread-safe.
class ContentFile {
 public:
  /// The most bytes of one piece.
  static constexpr size_t kPieceBytes = size_t{1} << 20;

  /// Throws IoError that names the path if the file cannot be opened or is not a regular file.
  explicit ContentFile(const std::string& path);
  ~ContentFile();
  ContentFile(const ContentFile&) = delete;
  ContentFile& operator=(const ContentFile&) = delete;

  [[nodiscard]] uint64_t bytes() const { return bytes_; }
  /// Reads the whole file. Throws IoError.
  [[nodiscard]] std::string hash() const;
  /// Up to kPieceBytes from `offset`; empty at the end of the file. Throws IoError.
  [[nodiscard]] Bytes piece(uint64_t offset) const;

 private:
  const std::string path_;
  int fd_ = -1;
  uint64_t bytes_ = 0;
};

}  // namespace cerium::rpc
