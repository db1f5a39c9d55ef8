// Cerium. Licensed under the Apache License 2.0.
// The executors as the task scheduler sees them: what each core does, and who is excluded. Private to it.
#pragma once

#include <deque>
#include <memory>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/util/ids.h"
#include "driver/scheduler/task_scheduler.h"

namespace cerium {

/// One executor. It starts the tasks it was sent in their order as cores become free; `started` and `queue` follow
/// that.
struct ExecutorSlots {
  struct Strike {
    StageId stage;
    int partition;
    Millis at;
  };
  ExecutorId id;
  std::string host;
  int cores = 0;
  std::vector<TaskId> tasks;  ///< All that it has not reported back, killed ones too.
  int started = 0;            ///< Those of them that have a core.
  int queued = 0;             ///< Those of them that wait for one.
  std::deque<TaskId> queue;   ///< The queued ones in order; may also name some that ended before they began.
  std::vector<Strike> strikes;
  Millis excluded_until = 0;  ///< 0 where it is not excluded.
  bool leaving = false;       ///< Gets no more tasks.
  /// What tasks were moved here although another executor caches it: each is moved once, so that one that is not kept
  /// here (there may be no room) is not fetched again and again.
  std::set<std::pair<RddId, int>> moved;
  int batch = -1;  ///< Index of this event's Launch instruction for it; -1 where there is none yet.

  [[nodiscard]] int freeCores() const { return cores - started; }
};

/// All executors, in order of arrival. Threads: externally synchronised.
class ExecutorTable {
 public:
  explicit ExecutorTable(const TaskScheduler::Options& options) : options_(options) {}

  /// False where it is known already.
  bool add(ExecutorId id, const std::string& host, int cores);
  void remove(ExecutorId id);
  [[nodiscard]] ExecutorSlots* find(ExecutorId id) const;
  [[nodiscard]] const std::vector<std::unique_ptr<ExecutorSlots>>& all() const { return all_; }
  [[nodiscard]] int totalCores() const { return total_cores_; }
  /// It gets no more tasks.
  void leave(ExecutorId id);

  /// Notes a task failure on the executor; true where that excludes it now.
  bool strike(ExecutorSlots& executor, StageId stage, int partition, Millis now);
  /// Excludes the executors there, and those that come.
  void excludeHost(const std::string& host, Millis now);
  /// Ends the exclusions that have lasted long enough; returns whose.
  std::vector<ExecutorId> endExclusions(Millis now);
  /// False while it leaves, and while it is excluded and some other executor is neither.
  [[nodiscard]] bool usable(const ExecutorSlots& executor) const {
    return !executor.leaving && (executor.excluded_until == 0 || open_ == 0);
  }

 private:
  void countOpen();

  const TaskScheduler::Options options_;
  std::vector<std::unique_ptr<ExecutorSlots>> all_;
  std::unordered_map<ExecutorId, ExecutorSlots*> by_id_;
  std::unordered_map<std::string, Millis> excluded_hosts_;  // until when
  int total_cores_ = 0;
  size_t open_ = 0;  ///< Those that neither leave nor are excluded.
};

}  // namespace cerium
