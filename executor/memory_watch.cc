// Cerium. Licensed under the Apache License 2.0.
#include "executor/memory_watch.h"

#include <algorithm>

namespace cerium {
namespace {

using std::chrono::milliseconds;

// A task that holds less than the limit divided by this is not to blame.
constexpr size_t kPartOfTheGuilty = 8;
// A task that was told to stop has this long to reach its next record, or longer while it allocates little.
constexpr auto kTimeToHear = milliseconds(20);
constexpr size_t kPartThatIsLittle = 8;
constexpr auto kTimeToStop = milliseconds(2000);
// Pages that were returned cost page faults when they are needed again.
constexpr auto kBetweenReturns = milliseconds(100);
// About how many fresh pages one core can touch.
constexpr size_t kBytesPerMilli = size_t{2} << 20;
constexpr auto kLeastPause = milliseconds(5);
constexpr auto kMostPause = milliseconds(250);

}  // namespace

bool MemoryWatch::shouldReturnFree(size_t resident, TimePoint now) {
  if (resident <= limit_ - limit_ / 8 || now - returned_at_ < kBetweenReturns) return false;
  returned_at_ = now;
  return true;
}

MemoryWatch::Decision MemoryWatch::look(size_t resident, const std::vector<TaskHeap>& tasks, TimePoint now) {
  const auto still_runs =
      std::find_if(tasks.begin(), tasks.end(), [&](const auto& each) { return each.task == failed_; });
  if (still_runs == tasks.end()) failed_.reset();
  if (resident <= limit_) return {};
  if (failed_) {
    const bool takes_more = resident > limit_ + limit_ / kPartThatIsLittle;
    if (now - failed_at_ < (takes_more ? kTimeToHear : kTimeToStop)) return {};
    return {Decision::Kind::kEndProcess, *still_runs};
  }
  const auto most =
      std::max_element(tasks.begin(), tasks.end(), [](const auto& a, const auto& b) { return a.bytes < b.bytes; });
  if (most == tasks.end() || most->bytes < static_cast<int64_t>(limit_ / kPartOfTheGuilty)) return {};
  failed_ = most->task;
  failed_at_ = now;
  return {Decision::Kind::kFail, *most};
}

milliseconds MemoryWatch::pause(size_t resident) const {
  const size_t room = limit_ - std::min(limit_, resident);
  const auto fills_in = milliseconds(room / (kBytesPerMilli * static_cast<size_t>(std::max(cores_, 1))));
  return std::clamp<milliseconds>(fills_in, kLeastPause, kMostPause);
}

}  // namespace cerium
