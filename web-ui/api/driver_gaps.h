// Cerium. Licensed under the Apache License 2.0.
// The times in which nothing ran on executors.
#pragma once

#include <boost/json/array.hpp>
#include <string>
#include <utility>
#include <vector>

#include "web-ui/store/model.h"

namespace cerium::api {

using Spans = std::vector<std::pair<store::Instant, store::Instant>>;

/// What of [from, to] no span covers, at most the 1,000 longest parts, in order of time. O(n log n).
[[nodiscard]] Spans gapsBetween(Spans busy, store::Instant from, store::Instant to);
[[nodiscard]] boost::json::array gapsJson(const Spans& gaps, const std::string& text);

}  // namespace cerium::api
