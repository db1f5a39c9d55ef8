// Cerium. Licensed under the Apache License 2.0.
#include "base/util/heap_meter.h"

#include "base/util/jemalloc.h"

namespace cerium {

HeapCounters readHeapCounters() noexcept {
  HeapCounters counters;
  if (mallctl == nullptr) return counters;
  uint64_t* allocated = nullptr;
  uint64_t* freed = nullptr;
  size_t size = sizeof allocated;
  if (mallctl("thread.allocatedp", &allocated, &size, nullptr, 0) != 0) return counters;
  if (mallctl("thread.deallocatedp", &freed, &size, nullptr, 0) != 0) return counters;
  return {allocated, freed};
}

}  // namespace cerium
