// Cerium. Licensed under the Apache License 2.0.
// Dynamic allocation (cerium.dynamicAllocation.*): how many executors an application wants, and which it can do
// without. A pure machine, asked ten times a second.
#pragma once

#include <map>
#include <set>
#include <vector>

#include "base/util/ids.h"
#include "base/util/millis.h"

namespace cerium {

/// Threads: externally synchronised.
class AllocationPolicy {
 public:
  struct Options {
    bool enabled = false;
    int min_executors = 0;
    int max_executors = 2147483647;
    int executor_cores = 0;  ///< What each is to have; 0: a worker's, which is known when the first has come.
    Millis idle_ms = 60'000;
    Millis backlog_ms = 1'000;  ///< Tasks wait for so long before more executors are asked for.
  };
  /// An executor that runs tasks, or could.
  struct Seen {
    ExecutorId executor;
    int cores = 1;
    int running = 0;
    bool holds_blocks = false;  ///< Cached blocks: it is worth keeping.
  };
  struct Decision {
    int want = -1;                   ///< From now on; -1: as before.
    std::vector<ExecutorId> retire;  ///< Idle for too long.
  };

  explicit AllocationPolicy(Options options) : options_(options), wanted_(options.min_executors) {}

  [[nodiscard]] bool enabled() const { return options_.enabled; }
  [[nodiscard]] Decision decide(const std::vector<Seen>& executors, size_t pending_tasks, Millis now);

 private:
  const Options options_;
  int wanted_;
  Millis backlog_since_ = 0;  ///< 0: no task waits.
  std::map<ExecutorId, Millis> idle_since_;
};

}  // namespace cerium
