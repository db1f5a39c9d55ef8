// Cerium. Licensed under the Apache License 2.0.
// How much heap a thread has come to hold: read from jemalloc's own counters, so that a value of a type unknown to the
// engine (a std::set in a combiner, say) can be charged for what it really grew by. And what the process holds in all.
#pragma once

#include <cstddef>
#include <cstdint>

namespace cerium {

/// jemalloc's counters of one thread; both null where the program does not use jemalloc.
struct HeapCounters {
  const uint64_t* allocated = nullptr;
  const uint64_t* freed = nullptr;

  /// What the thread has allocated, less what it has freed, in bytes. 0 where there are no counters.
  [[nodiscard]] int64_t net() const noexcept {
    return allocated == nullptr ? 0 : static_cast<int64_t>(*allocated - *freed);
  }
};

/// Of the calling thread; asks jemalloc.
[[nodiscard]] HeapCounters readHeapCounters() noexcept;
/// The same; asks jemalloc once a thread.
[[nodiscard]] inline const HeapCounters& heapCounters() noexcept {
  static thread_local const HeapCounters counters = readHeapCounters();
  return counters;
}

/// Measures what the calling thread allocates, less what it frees, during its own life. Two loads a reading.
///   HeapMeter meter; change(value); charge(meter.grown(guess));
class HeapMeter {
 public:
  HeapMeter() noexcept : begin_(heapCounters().net()) {}
  /// Bytes that came in since; `guess` where there is no counter to ask.
  [[nodiscard]] int64_t grown(int64_t guess) const noexcept {
    return heapCounters().allocated == nullptr ? guess : heapCounters().net() - begin_;
  }

 private:
  int64_t begin_;
};

/// Gives the pages that no allocation uses back to the system. Does nothing where the program does not use jemalloc.
void returnFreeHeap() noexcept;

/// Bytes of this process in memory, files that are mapped into it not counted. 0 where /proc cannot be read.
[[nodiscard]] size_t residentBytes();

}  // namespace cerium
