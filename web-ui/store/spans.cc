// Cerium. Licensed under the Apache License 2.0.
#include "web-ui/store/spans.h"

#include <algorithm>

namespace cerium::store {

Spans gapsBetween(Spans busy, eventlog::Instant from, eventlog::Instant to) {
  constexpr size_t kMost = 1000;
  std::sort(busy.begin(), busy.end());
  Spans gaps;
  eventlog::Instant covered = from;
  for (const auto& [begin, end] : busy) {
    if (begin > covered) gaps.emplace_back(covered, std::min(begin, to));
    covered = std::max(covered, end);
    if (covered >= to) break;
  }
  if (covered < to) gaps.emplace_back(covered, to);
  if (gaps.size() > kMost) {
    std::nth_element(gaps.begin(), gaps.begin() + kMost, gaps.end(),
                     [](const auto& a, const auto& b) { return a.second - a.first > b.second - b.first; });
    gaps.resize(kMost);
    std::sort(gaps.begin(), gaps.end());
  }
  return gaps;
}

}  // namespace cerium::store
