// Cerium. Licensed under the Apache License 2.0.
// The pages of memory that this process holds.
#pragma once

#include <chrono>
#include <cstddef>

namespace cerium {

/// Lets jemalloc keep unused heap pages for about `time` before it returns them to the system (its default: 10 s).
/// Call it before the threads start that allocate. Does nothing if the program does not use jemalloc.
void returnFreeHeapWithin(std::chrono::milliseconds time) noexcept;

/// Returns unused heap pages to the system. Does nothing if the program does not use jemalloc.
void returnFreeHeap() noexcept;

/// Resident bytes of this process without mapped files; 0 if /proc cannot be read.
[[nodiscard]] size_t residentBytes();

}  // namespace cerium
