// Cerium. Licensed under the Apache License 2.0.
// Encoded bytes with the checksum that their writer computed. The checksum travels with the bytes through memory,
// network and disk and is never computed again on the way, so a reader can verify that the bytes are the writer's.
#pragma once

#include <cstdint>
#include <memory>

#include "base/util/bytes.h"
#include "base/util/hash.h"

namespace cerium {

/// Bytes and their checksum. Copies share the bytes.
struct CheckedBytes {
  std::shared_ptr<const Bytes> bytes;
  uint64_t checksum = 0;  ///< XXH3 of the bytes when they were written.

  /// Takes `written` and computes its checksum. The writer calls this.
  static CheckedBytes of(Bytes written) {
    const uint64_t checksum = hashBytes(written.data(), written.size());
    return {std::make_shared<const Bytes>(std::move(written)), checksum};
  }
  [[nodiscard]] bool isIntact() const { return hashBytes(bytes->data(), bytes->size()) == checksum; }
  explicit operator bool() const { return bytes != nullptr; }
};

}  // namespace cerium
