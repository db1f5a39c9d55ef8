// Cerium. Licensed under the Apache License 2.0.
// Whose fault it is when one executor cannot read from another and the driver reaches both. A pure machine.
#pragma once

#include <map>
#include <vector>

#include "base/util/ids.h"
#include "driver/millis.h"

namespace cerium {

/// One complaint may be the reader's fault (a firewall of its own, a broken route): the task is tried elsewhere. When
/// others complain too, or the complaints do not end, it is the source's. Threads: externally synchronised.
class FetchComplaints {
 public:
  static constexpr size_t kReaders = 2;           ///< So many different ones cannot all be at fault...
  static constexpr size_t kMost = 4;              ///< ...nor can one where nobody else reads, and it goes on.
  static constexpr Millis kApart = 10'000;        ///< What the tasks of one reader say at a time is one complaint.
  static constexpr Millis kRemembered = 180'000;  ///< Longer than kMost complaints take.

  /// True where the source is to be given up.
  bool add(ExecutorId source, ExecutorId reader, Millis now);
  void forget(ExecutorId source) { by_source_.erase(source); }

 private:
  struct Complaint {
    ExecutorId reader;
    Millis at;
  };
  std::map<ExecutorId, std::vector<Complaint>> by_source_;
};

}  // namespace cerium
