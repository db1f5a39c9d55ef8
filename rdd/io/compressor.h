// Cerium. Licensed under the Apache License 2.0.
// Writes .gz, .zst and .lz4: compresses a stream of bytes into a file that gunzip, zstd and lz4 can read.
#pragma once

#include <memory>
#include <string_view>

#include "base/util/bytes.h"
#include "rdd/io/codec.h"

namespace cerium::io {

/// A stream of one format. Threads: externally synchronised.
class Compressor {
 public:
  virtual ~Compressor() = default;
  /// Compresses `input` and appends finished bytes to `out`.
  virtual void add(std::string_view input, Bytes& out) = 0;
  /// Appends the remaining bytes, with the file's checksum. Call it last.
  virtual void finish(Bytes& out) = 0;
};

/// Null for Codec::kNone.
[[nodiscard]] std::unique_ptr<Compressor> makeCompressor(Codec codec);

}  // namespace cerium::io
