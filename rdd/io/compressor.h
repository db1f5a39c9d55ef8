// Cerium. Licensed under the Apache License 2.0.
// Writing .gz, .zst and .lz4: a stream of bytes in, a file that gunzip, zstd and lz4 read out.
#pragma once

#include <memory>
#include <string_view>

#include "base/util/bytes.h"
#include "rdd/io/codec.h"

namespace cerium::io {

/// Threads: externally synchronised.
class Compressor {
 public:
  virtual ~Compressor() = default;
  /// Takes `input` and appends what is ready to `out`.
  virtual void add(std::string_view input, Bytes& out) = 0;
  /// Appends the rest, with the checksum at the end of the file. Then only the destructor may follow.
  virtual void finish(Bytes& out) = 0;
};

/// Null for Codec::kNone.
[[nodiscard]] std::unique_ptr<Compressor> makeCompressor(Codec codec);

}  // namespace cerium::io
