// Cerium. Licensed under the Apache License 2.0.
#include "base/util/hash.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace cerium {

uint64_t hashBytes(const void* data, size_t size) noexcept { return XXH3_64bits(data, size); }

}  // namespace cerium
