// Cerium. Licensed under the Apache License 2.0.
#include "web-ui/api/driver_gaps.h"

#include <algorithm>
#include <boost/json.hpp>

namespace cerium::api {

Spans gapsBetween(Spans busy, store::Instant from, store::Instant to) {
  constexpr size_t kMost = 1000;
  std::sort(busy.begin(), busy.end());
  Spans gaps;
  store::Instant covered = from;
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

boost::json::array gapsJson(const Spans& gaps, const std::string& text) {
  boost::json::array json;
  for (const auto& [from, to] : gaps) json.push_back(boost::json::object{{"from", from}, {"to", to}, {"text", text}});
  return json;
}

}  // namespace cerium::api
