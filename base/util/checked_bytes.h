// Cerium. Licensed under the Apache License 2.0.
// Encoded bytes together with the checksum that their writer made of them. It travels with them through memory, over
// the network and to disk, and is never made anew on the way: so whoever reads them knows whether they are the
// writer's.
#pragma once

#include <cstdint>
#include <memory>

#include "base/util/bytes.h"
#include "base/util/hash.h"

namespace cerium {

/// Copies share the bytes.
struct CheckedBytes {
  std::shared_ptr<const Bytes> bytes;
  uint64_t checksum = 0;  ///< XXH3 of the bytes when they were written.

  /// Of the writer.
  static CheckedBytes of(Bytes written) {
    const uint64_t checksum = hashBytes(written.data(), written.size());
    return {std::make_shared<const Bytes>(std::move(written)), checksum};
  }
  [[nodiscard]] bool isIntact() const { return hashBytes(bytes->data(), bytes->size()) == checksum; }
  explicit operator bool() const { return bytes != nullptr; }
};

}  // namespace cerium
