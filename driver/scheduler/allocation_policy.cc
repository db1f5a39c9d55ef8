// Cerium. Licensed under the Apache License 2.0.
#include "driver/scheduler/allocation_policy.h"

#include <algorithm>

namespace cerium {

AllocationPolicy::Decision AllocationPolicy::decide(const std::vector<Seen>& executors, size_t pending_tasks,
                                                    Millis now) {
  Decision decision;
  if (!options_.enabled) return decision;

  int cores = std::max(1, options_.executor_cores);
  size_t running = 0;
  std::map<ExecutorId, Millis> idle_since;
  for (const Seen& seen : executors) {
    cores = std::max(cores, seen.cores);
    running += static_cast<size_t>(seen.running);
    if (seen.running > 0 || seen.holds_blocks) continue;
    auto known = idle_since_.find(seen.executor);
    idle_since[seen.executor] = known == idle_since_.end() ? now : known->second;
  }
  idle_since_ = std::move(idle_since);

  if (pending_tasks == 0) {
    backlog_since_ = 0;
  } else if (backlog_since_ == 0) {
    backlog_since_ = std::max<Millis>(1, now);
  }
  const auto count = static_cast<int>(executors.size());
  int want = wanted_;
  if (backlog_since_ > 0 && (count == 0 || now - backlog_since_ >= options_.backlog_ms)) {
    const size_t tasks = pending_tasks + running;
    const auto enough =
        static_cast<int>(std::min<size_t>((tasks + static_cast<size_t>(cores) - 1) / static_cast<size_t>(cores),
                                          static_cast<size_t>(options_.max_executors)));
    const bool is_size_known = count > 0 || options_.executor_cores > 0;
    want = std::max(want, is_size_known ? enough : std::min(1, options_.max_executors));
  } else if (pending_tasks == 0) {
    for (const auto& [executor, since] : idle_since_) {
      if (now - since < options_.idle_ms) continue;
      if (count - static_cast<int>(decision.retire.size()) <= options_.min_executors) break;
      decision.retire.push_back(executor);
    }
    for (ExecutorId executor : decision.retire) idle_since_.erase(executor);
    // No more come for those that go, nor for those that were asked for and are not needed any more.
    want = std::max(options_.min_executors, count - static_cast<int>(decision.retire.size()));
  }
  want = std::clamp(want, options_.min_executors, options_.max_executors);
  if (want != wanted_) decision.want = wanted_ = want;
  return decision;
}

}  // namespace cerium
