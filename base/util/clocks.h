// Cerium. Licensed under the Apache License 2.0.
// Clocks for the figures of tasks, without <chrono>, which is slow to compile and would be part of every program.
#pragma once

#include <time.h>

#include <cstdint>

namespace cerium {

[[nodiscard]] inline int64_t microsOf(clockid_t clock) noexcept {
  timespec now{};
  ::clock_gettime(clock, &now);
  return int64_t{now.tv_sec} * 1'000'000 + now.tv_nsec / 1000;
}
/// Microseconds since an arbitrary moment; never goes back.
[[nodiscard]] inline int64_t monotonicMicros() noexcept { return microsOf(CLOCK_MONOTONIC); }
/// Microseconds of processor time that the calling thread has used.
[[nodiscard]] inline int64_t threadMicros() noexcept { return microsOf(CLOCK_THREAD_CPUTIME_ID); }

}  // namespace cerium
