// Cerium. Licensed under the Apache License 2.0.
#include "driver/scheduler/fetch_failure_tracker.h"

#include <algorithm>
#include <set>

namespace cerium {

bool FetchFailureTracker::add(const FetchFailure& complaint, size_t executors, Millis now) {
  for (auto& [source, complaints] : by_source_) {
    std::erase_if(complaints, [&](const Made& each) { return now - each.at >= kRemembered; });
  }
  auto& complaints = by_source_[complaint.source];
  // ...unless a task was tried again meanwhile, and came to the same reader for want of another.
  const bool is_said = std::any_of(complaints.begin(), complaints.end(), [&](const Made& each) {
    return each.reader == complaint.reader && now - each.at < kApart && each.attempt >= complaint.attempt;
  });
  if (!is_said) complaints.push_back({complaint.reader, now, complaint.attempt});
  std::set<ExecutorId> readers;
  for (const Made& each : complaints) readers.insert(each.reader);
  if (readers.size() >= kReaders || complaints.size() >= kMost) return true;
  const auto mutual = by_source_.find(complaint.reader);
  return executors <= 2 && mutual != by_source_.end() &&
         std::any_of(mutual->second.begin(), mutual->second.end(),
                     [&](const Made& each) { return each.reader == complaint.source; });
}

void FetchFailureTracker::forget(ExecutorId executor) {
  by_source_.erase(executor);
  for (auto& [source, complaints] : by_source_) {
    std::erase_if(complaints, [&](const Made& each) { return each.reader == executor; });
  }
}

}  // namespace cerium
