// Cerium. Licensed under the Apache License 2.0.
#include "executor/blocks/read_ahead.h"

#include <algorithm>
#include <utility>

namespace cerium {
namespace {

thread_local ReadAhead* t_current = nullptr;

}  // namespace

ReadAhead::ReadAhead() : outer_(std::exchange(t_current, this)) {}
ReadAhead::~ReadAhead() { t_current = outer_; }
ReadAhead* ReadAhead::current() { return t_current; }

void ReadAhead::taskBegins(StageId stage, int stage_attempt, int following) {
  if (stage != stage_ || stage_attempt != stage_attempt_) close();
  stage_ = stage;
  stage_attempt_ = stage_attempt;
  following_ = following;
}

std::unique_ptr<SegmentSource> ReadAhead::open(TaskContext& task, const ShuffleRange& range, const Sources& sources) {
  auto shuffle = find(range, sources);
  if (!shuffle) {
    ShuffleRange whole = range;
    const int64_t end = range.reduce_begin + int64_t{range.reduce_end - range.reduce_begin} * (1 + following_);
    whole.reduce_end = static_cast<int>(std::min<int64_t>(end, std::max(range.num_reduces, range.reduce_end)));
    shuffle = sources.open(whole);
    if (!shuffle) return nullptr;
    if (following_ > 0) shared_.push_back(shuffle);
  }
  return std::make_unique<RemoteSegments>(task, std::move(shuffle), range);
}

/// An open range that no reader uses, and that still comes to the partitions wanted. Ranges of the same shuffle that do
/// not are closed.
std::shared_ptr<RemoteShuffle> ReadAhead::find(const ShuffleRange& range, const Sources& sources) {
  for (auto at = shared_.begin(); at != shared_.end();) {
    const ShuffleRange& open = (*at)->range();
    const bool is_in_use = at->use_count() > 1;
    if (open.shuffle != range.shuffle || is_in_use) {
      ++at;
      continue;
    }
    // The partition that was read last may have been read to its end, or not at all.
    const bool comes = open.map_begin == range.map_begin && open.map_end == range.map_end &&
                       (*at)->reduce() < range.reduce_begin && range.reduce_end <= open.reduce_end;
    if (comes && (*at)->isUsable() && sources.is_current(**at)) return *at;
    at = shared_.erase(at);
  }
  return nullptr;
}

}  // namespace cerium
