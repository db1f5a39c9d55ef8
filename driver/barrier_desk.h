// Cerium. Licensed under the Apache License 2.0.
// Where the barriers of executor processes meet: a pure table in the driver, fed by the scheduler loop.
#pragma once

#include <map>
#include <utility>
#include <vector>

#include "base/protocol/messages.h"
#include "base/util/ids.h"

namespace cerium {

/// Threads: externally synchronised.
class BarrierDesk {
 public:
  using Releases = std::vector<std::pair<ExecutorId, protocol::BarrierRelease>>;

  /// A task waits at a barrier; when all `total` tasks of its stage attempt do, the releases for all of them.
  Releases enter(ExecutorId executor, const protocol::BarrierEnter& enter, int total);
  /// A waiting task was killed or its executor is gone; the others of its attempt are killed by the task scheduler.
  void taskGone(TaskId task);
  void executorGone(ExecutorId executor);

 private:
  struct Waiting {
    ExecutorId executor;
    int64_t task = -1;
    std::string message;
  };
  std::map<int64_t, std::map<int, Waiting>> rounds_;  ///< By stage, then partition.
};

}  // namespace cerium
