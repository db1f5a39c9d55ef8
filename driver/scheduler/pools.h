// Cerium. Licensed under the Apache License 2.0.
// In which order task sets are offered a free core. Private to driver/scheduler/task_scheduler.cc.
#pragma once

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "driver/scheduler/task_set.h"

namespace cerium {

/// First come, first served: by job, then by stage.
struct ByPriority {
  bool operator()(const TaskSet* a, const TaskSet* b) const {
    return std::tuple(a->job(), a->ref().id) < std::tuple(b->job(), b->ref().id);
  }
};

struct Pool {
  std::string name;
  int weight = 1;
  int min_share = 0;
  int running = 0;  ///< Tasks of its sets that executors hold, killed ones aside.
  std::set<TaskSet*, ByPriority> runnable;
};

/// The pools. Without `fair` there is one, whatever names are asked for. Threads: externally synchronised.
class Pools {
 public:
  explicit Pools(bool fair) : fair_(fair) {}

  void configure(const std::string& name, int weight, int min_share);
  /// Made with weight 1 and no minimum share where it is unknown. Stays valid.
  Pool& get(const std::string& name);
  /// Puts the set where it belongs after a change: among the runnable ones or not.
  static void update(TaskSet& set);
  static void forget(TaskSet& set) { set.pool().runnable.erase(&set); }

  /// Calls `visit` for runnable sets, most deserving first, until it returns true. Sets may change only in the call
  /// that returns true.
  template <class Visit>
  void visit(Visit&& visit) {
    sortPools();
    for (Pool* pool : order_) {
      for (TaskSet* set : pool->runnable) {
        if (visit(*set)) return;
      }
    }
  }

 private:
  void sortPools();

  const bool fair_;
  std::map<std::string, Pool> pools_;
  std::vector<Pool*> order_;
};

}  // namespace cerium
