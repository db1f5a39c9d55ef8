// Cerium. Licensed under the Apache License 2.0.
#pragma once

#include <cstdint>

namespace cerium {

/// Milliseconds of a monotonic clock. The scheduler loop passes them to the pure machines.
using Millis = int64_t;

}  // namespace cerium
