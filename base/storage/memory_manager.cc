// Cerium. Licensed under the Apache License 2.0.
#include "base/storage/memory_manager.h"

namespace cerium {

bool MemoryManager::take(size_t bytes) {
  size_t used = used_.load();
  while (bytes <= budget_ && used <= budget_ - bytes) {
    if (used_.compare_exchange_weak(used, used + bytes)) return true;
  }
  return false;
}

bool MemoryManager::tryReserve(size_t bytes) {
  if (take(bytes)) return true;
  if (!evict_ || bytes > budget_) return false;
  evict_(bytes);
  return take(bytes);
}

}  // namespace cerium
