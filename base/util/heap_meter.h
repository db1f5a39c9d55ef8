// Cerium. Licensed under the Apache License 2.0.
// How much heap a thread has come to hold: read from jemalloc's own counters, so that a value of a type unknown to the
// engine (a std::set in a combiner, say) can be charged for what it really grew by.
#pragma once

#include <cstddef>
#include <cstdint>

namespace cerium {

/// jemalloc's counters of one thread; both null where the program does not use jemalloc.
struct HeapCounters {
  const uint64_t* allocated = nullptr;
  const uint64_t* freed = nullptr;
};

/// Of the calling thread; asks jemalloc once a thread.
[[nodiscard]] HeapCounters readHeapCounters() noexcept;

/// Measures what the calling thread allocates, less what it frees, during its own life. Two loads a reading.
///   HeapMeter meter; change(value); charge(meter.grown(guess));
class HeapMeter {
 public:
  HeapMeter() noexcept : begin_(net()) {}
  /// Bytes that came in since; `guess` where there is no counter to ask.
  [[nodiscard]] int64_t grown(int64_t guess) const noexcept { return counters().allocated ? net() - begin_ : guess; }

 private:
  static const HeapCounters& counters() noexcept {
    static thread_local const HeapCounters counters = readHeapCounters();
    return counters;
  }
  static int64_t net() noexcept {
    const HeapCounters& at = counters();
    return at.allocated == nullptr ? 0 : static_cast<int64_t>(*at.allocated - *at.freed);
  }

  int64_t begin_;
};

}  // namespace cerium
