// Cerium. Licensed under the Apache License 2.0.
// Reading .gz, .zst and .lz4 files as a stream: memory stays bounded whatever a file expands to.
// Several members or frames after each other (`cat a.gz b.gz > c.gz`) read as one text.
#pragma once

#include "rdd/io/byte_source.h"

namespace cerium::io {

/// The contents of a file, decompressed by its suffix. `begin` is where to start, and 0 for compressed files.
/// A file that is cut short or damaged is CorruptData with its path and the offset in the compressed file.
[[nodiscard]] std::unique_ptr<ByteSource> openContents(const std::string& path, uint64_t begin = 0);

}  // namespace cerium::io
