// Cerium. Licensed under the Apache License 2.0.
// The compressions of text files and how they are named.
#pragma once

#include <string>
#include <string_view>

namespace cerium::io {

enum class Codec { kNone, kGzip, kZstd, kLz4 };

/// By the suffix of a file's name: .gz, .zst, .lz4; anything else is not compressed.
[[nodiscard]] Codec codecOfPath(std::string_view path);
/// By the name a user gives: "", "gz", "zst" or "lz4". Throws InvalidArgument for any other.
[[nodiscard]] Codec codecNamed(const std::string& name);
/// ".gz", ".zst", ".lz4", or nothing.
[[nodiscard]] std::string_view suffixOf(Codec codec);

}  // namespace cerium::io
