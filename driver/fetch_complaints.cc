// Cerium. Licensed under the Apache License 2.0.
#include "driver/fetch_complaints.h"

#include <algorithm>
#include <set>

namespace cerium {

bool FetchComplaints::add(ExecutorId source, ExecutorId reader, Millis now) {
  auto& complaints = by_source_[source];
  std::erase_if(complaints, [&](const Complaint& each) { return now - each.at >= kRemembered; });
  const bool is_new = std::none_of(complaints.begin(), complaints.end(), [&](const Complaint& each) {
    return each.reader == reader && now - each.at < kApart;
  });
  if (is_new) complaints.push_back({reader, now});
  std::set<ExecutorId> readers;
  for (const Complaint& each : complaints) readers.insert(each.reader);
  return readers.size() >= kReaders || complaints.size() >= kMost;
}

}  // namespace cerium
