// Cerium. Licensed under the Apache License 2.0.
#include "base/util/heap_pages.h"

#include <unistd.h>

#include <fstream>

#include "base/util/jemalloc.h"

namespace cerium {

void returnFreeHeapWithin(std::chrono::milliseconds time) noexcept {
  if (mallctl == nullptr) return;
  auto decay = static_cast<ssize_t>(time.count());
  mallctl("arenas.dirty_decay_ms", nullptr, nullptr, &decay, sizeof decay);   // arenas that threads make from now on
  mallctl("arena.0.dirty_decay_ms", nullptr, nullptr, &decay, sizeof decay);  // the first thread's
}

void returnFreeHeap() noexcept {
  if (mallctl != nullptr) mallctl("arena.4096.purge", nullptr, nullptr, nullptr, 0);  // 4096 stands for all arenas
}

size_t residentBytes() {
  size_t all = 0;
  size_t resident = 0;
  size_t shared = 0;
  std::ifstream("/proc/self/statm") >> all >> resident >> shared;
  static const auto page = static_cast<size_t>(::sysconf(_SC_PAGESIZE));
  return resident > shared ? (resident - shared) * page : 0;
}

}  // namespace cerium
