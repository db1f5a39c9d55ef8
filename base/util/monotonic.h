// Cerium. Licensed under the Apache License 2.0.
// The monotonic clock for headers of programs, without <chrono>, which is slow to compile.
#pragma once

#include <time.h>

#include <cstdint>

namespace cerium {

/// Microseconds since an arbitrary moment; never goes back.
[[nodiscard]] inline int64_t monotonicMicros() noexcept {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return int64_t{now.tv_sec} * 1'000'000 + now.tv_nsec / 1000;
}

}  // namespace cerium
