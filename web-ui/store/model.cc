// Cerium. Licensed under the Apache License 2.0.
#include "web-ui/store/model.h"

#include <algorithm>

namespace cerium::store {

void raise(std::optional<eventlog::Peaks>& peaks, const eventlog::Peaks& by) {
  if (!peaks) peaks.emplace();
  for (size_t i = 0; i < by.size(); ++i) (*peaks)[i] = std::max((*peaks)[i], by[i]);
}

int64_t Task::gettingResultTime(Instant now) const {
  if (getting_result <= 0) return 0;
  return std::max<int64_t>(0, (finished > 0 ? finished : now) - getting_result);
}

Instant Task::began() const {
  if (!has_figures || finished <= 0 || getting_result > 0) return launched;
  const int64_t worked = figures.run_time + figures.deserialize_time + figures.result_serialization_time;
  return std::max(launched, finished - worked);
}

int64_t Task::schedulerDelay() const {
  if (!has_figures || finished <= 0) return 0;
  const int64_t known =
      figures.run_time + figures.deserialize_time + figures.result_serialization_time + gettingResultTime(finished);
  return std::max<int64_t>(0, finished - launched - known);
}

const Stage* Application::lastAttempt(int64_t stage) const {
  auto after = stages.upper_bound({stage, INT32_MAX});
  if (after == stages.begin()) return nullptr;
  --after;
  return after->first.first == stage ? &after->second : nullptr;
}

const Stage* Application::find(int64_t stage, int stage_attempt) const {
  const auto found = stages.find({stage, stage_attempt});
  return found == stages.end() ? nullptr : &found->second;
}

}  // namespace cerium::store
