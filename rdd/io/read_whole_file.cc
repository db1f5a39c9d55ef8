// Cerium. Licensed under the Apache License 2.0.
// Reads a file as one string, for wholeTextFiles and binaryFiles.
#include <fmt/format.h>

#include "base/util/error.h"
#include "rdd/io/codec.h"
#include "rdd/io/decompressor.h"
#include "rdd/io/text_files.h"

namespace cerium::io {
namespace {

/// A larger file is a data set rather than a record; a compressed one is probably made to exhaust memory.
constexpr size_t kMaxExpanded = size_t{2} << 30;

}  // namespace

std::string readWholeFile(const std::string& path) {
  constexpr size_t kBlock = 1 << 20;
  const bool compressed = codecOfPath(path) != Codec::kNone;
  std::unique_ptr<ByteSource> source = openContents(path);
  std::string contents;
  contents.reserve(source->fileSize() + kBlock);
  for (;;) {
    const size_t filled = contents.size();
    contents.resize(filled + kBlock);
    const size_t n = source->read(contents.data() + filled, kBlock);
    contents.resize(filled + n);
    if (n == 0) return contents;
    if (compressed && contents.size() > kMaxExpanded) {
      throw IoError(fmt::format("{} expands to more than {} bytes, too many for one record; read it with textFile",
                                path, kMaxExpanded));
    }
  }
}

}  // namespace cerium::io
