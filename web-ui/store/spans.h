// Cerium. Licensed under the Apache License 2.0.
// Spans of time, and what they leave uncovered.
#pragma once

#include <utility>
#include <vector>

#include "web-ui/eventlog/log_events.h"

namespace cerium::store {

using Spans = std::vector<std::pair<eventlog::Instant, eventlog::Instant>>;

/// What of [from, to] no span covers, at most the 1,000 longest parts, in order of time. O(n log n).
[[nodiscard]] Spans gapsBetween(Spans busy, eventlog::Instant from, eventlog::Instant to);

}  // namespace cerium::store
