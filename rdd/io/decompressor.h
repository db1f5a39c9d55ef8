// Cerium. Licensed under the Apache License 2.0.
// Reads .gz, .zst and .lz4 files as a stream, in bounded memory whatever size a file expands to. Several members or
// frames in a row (`cat a.gz b.gz > c.gz`) read as one text.
#pragma once

#include "rdd/io/byte_source.h"

namespace cerium::io {

/// The contents of a file from offset `begin`, decompressed by its suffix; `begin` is 0 for compressed files. A
/// truncated or damaged file throws CorruptData with its path and the offset in the compressed file.
[[nodiscard]] std::unique_ptr<ByteSource> openContents(const std::string& path, uint64_t begin = 0);

}  // namespace cerium::io
