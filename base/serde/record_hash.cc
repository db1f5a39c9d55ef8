// Cerium. Licensed under the Apache License 2.0.
#include "base/serde/record_hash.h"

namespace cerium::serde {

uint64_t hashOfEncoded(const Bytes& encoded) { return hashBytes(encoded.data(), encoded.size()); }

Bytes& hashScratch() {
  static thread_local Bytes scratch;
  scratch.clear();
  return scratch;
}

}  // namespace cerium::serde
