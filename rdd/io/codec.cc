// Cerium. Licensed under the Apache License 2.0.
#include "rdd/io/codec.h"

#include <fmt/format.h>

#include "base/util/error.h"

namespace cerium::io {

Codec codecOfPath(std::string_view path) {
  for (const Codec codec : {Codec::kGzip, Codec::kZstd, Codec::kLz4}) {
    if (path.ends_with(suffixOf(codec))) return codec;
  }
  return Codec::kNone;
}

Codec codecNamed(const std::string& name) {
  if (name.empty()) return Codec::kNone;
  if (name == "gzip") return Codec::kGzip;  // Hadoop's name
  const Codec codec = codecOfPath("." + name);
  if (codec == Codec::kNone || name != suffixOf(codec).substr(1)) {
    throw InvalidArgument(fmt::format("\"{}\" is not a compression; choose gz, zst, lz4 or nothing", name));
  }
  return codec;
}

std::string_view suffixOf(Codec codec) {
  switch (codec) {
    case Codec::kGzip:
      return ".gz";
    case Codec::kZstd:
      return ".zst";
    case Codec::kLz4:
      return ".lz4";
    case Codec::kNone:
      break;
  }
  return "";
}

}  // namespace cerium::io
