// Cerium. Licensed under the Apache License 2.0.
// What a thread has allocated, from jemalloc's counters. They charge a value of unknown type (such as a std::set in a
// combiner) with its real growth.
#pragma once

#include <cstddef>
#include <cstdint>

namespace cerium {

/// jemalloc's counters of one thread. Both are null if the program does not use jemalloc.
struct HeapCounters {
  const uint64_t* allocated = nullptr;
  const uint64_t* freed = nullptr;

  /// Bytes that the thread has allocated minus bytes that it has freed; 0 without counters.
  [[nodiscard]] int64_t net() const noexcept {
    return allocated == nullptr ? 0 : static_cast<int64_t>(*allocated - *freed);
  }
};

/// Asks jemalloc for the counters of the calling thread.
[[nodiscard]] HeapCounters readHeapCounters() noexcept;
/// The counters of the calling thread, cached: asks jemalloc once a thread.
[[nodiscard]] inline const HeapCounters& heapCounters() noexcept {
  static thread_local const HeapCounters counters = readHeapCounters();
  return counters;
}

/// Measures what the calling thread allocates minus what it frees since the meter was made. A reading costs two loads.
///   HeapMeter meter; change(value); charge(meter.grown(guess));
class HeapMeter {
 public:
  HeapMeter() noexcept : begin_(heapCounters().net()) {}
  /// Bytes allocated minus bytes freed since the meter was made; `guess` without counters.
  [[nodiscard]] int64_t grown(int64_t guess) const noexcept {
    return heapCounters().allocated == nullptr ? guess : heapCounters().net() - begin_;
  }

 private:
  int64_t begin_;
};

}  // namespace cerium
