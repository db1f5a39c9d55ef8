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
class BarrierService {
 public:
  using Releases = std::vector<std::pair<ExecutorId, protocol::BarrierRelease>>;

  /// A task waits at a barrier; when all `total` tasks of its stage do, the releases for all of them. One that was
  /// killed is not heard: it may come to its barrier long after the stage has begun anew.
  Releases enter(ExecutorId executor, const protocol::BarrierEnter& enter, int total);
  /// It waits no more, and what it says until taskGone() is not heard.
  void taskKilled(ExecutorId executor, TaskId task);
  /// A task that was killed, or failed, has ended; the others of its stage are killed by the task scheduler.
  void taskGone(TaskId task);
  void executorGone(ExecutorId executor);
  void forgetStage(StageId stage) { rounds_.erase(stage); }

 private:
  struct Waiting {
    ExecutorId executor;
    int64_t task = -1;
    std::string message;
  };
  void leave(TaskId task);

  std::map<StageId, std::map<int, Waiting>> rounds_;  ///< By partition.
  std::map<TaskId, ExecutorId> killed_;               ///< That have not ended yet.
};

}  // namespace cerium
