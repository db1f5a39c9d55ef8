// Cerium. Licensed under the Apache License 2.0.
// Whose fault it is when one executor cannot read from another and the driver reaches both. A pure machine.
#pragma once

#include <map>
#include <vector>

#include "base/util/ids.h"
#include "base/util/millis.h"

namespace cerium {

/// A task on `reader` could not reach `source`.
struct FetchFailure {
  ExecutorId source;
  ExecutorId reader;
  int attempt = 0;  ///< Of the task.
};

/// One complaint may be the reader's fault (a firewall of its own, a broken route): the task is tried elsewhere. When
/// others complain too, or the complaints do not end, it is the source's. Where there are no others, and each of two
/// complains of the other, no executor is left to try it, and one of them has to go. Threads: externally synchronised.
class FetchFailureTracker {
 public:
  static constexpr size_t kReaders = 2;           ///< So many different ones cannot all be at fault...
  static constexpr size_t kMost = 3;              ///< ...nor can one where no other reads, and it goes on.
  static constexpr Millis kApart = 5'000;         ///< What the tasks of one reader say at a time is one complaint...
  static constexpr Millis kRemembered = 180'000;  ///< Longer than kMost complaints take.

  /// True where the source is to be given up. `executors`: how many there are.
  bool add(const FetchFailure& complaint, size_t executors, Millis now);
  /// The executor is gone: what was said of it, and what it said.
  void forget(ExecutorId executor);

 private:
  struct Made {
    ExecutorId reader;
    Millis at;
    int attempt;
  };
  std::map<ExecutorId, std::vector<Made>> by_source_;
};

}  // namespace cerium
