// Cerium. Licensed under the Apache License 2.0.
// The compressions of text files and their names.
#pragma once

#include <string>
#include <string_view>

namespace cerium::io {

enum class Codec { kNone, kGzip, kZstd, kLz4 };

/// The compression for a file name's suffix: .gz, .zst, .lz4; no compression for others.
[[nodiscard]] Codec codecOfPath(std::string_view path);
/// The compression that a user names: "", "gz", "zst" or "lz4". Throws InvalidArgument for other names.
[[nodiscard]] Codec codecNamed(const std::string& name);
/// ".gz", ".zst", ".lz4", or "" for no compression.
[[nodiscard]] std::string_view suffixOf(Codec codec);

}  // namespace cerium::io
