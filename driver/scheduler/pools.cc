// Cerium. Licensed under the Apache License 2.0.
#include "driver/scheduler/pools.h"

namespace cerium {
namespace {

/// Spark's fair order: pools below their minimum share first, the neediest foremost; then by running tasks for their
/// weight.
bool isBefore(const Pool* a, const Pool* b) {
  const bool a_needs = a->running < a->min_share;
  const bool b_needs = b->running < b->min_share;
  if (a_needs != b_needs) return a_needs;
  const auto load = [&](const Pool* pool) {
    return static_cast<double>(pool->running) / std::max(a_needs ? pool->min_share : pool->weight, 1);
  };
  if (load(a) != load(b)) return load(a) < load(b);
  return a->name < b->name;
}

}  // namespace

Pool& Pools::get(const std::string& name) {
  Pool& pool = pools_[fair_ ? name : ""];
  if (fair_) pool.name = name;
  return pool;
}

void Pools::configure(const std::string& name, int weight, int min_share) {
  Pool& pool = get(name);
  pool.weight = weight;
  pool.min_share = min_share;
}

void Pools::update(TaskSet& set) {
  if (set.isRunnable()) {
    set.pool().runnable.insert(&set);
  } else {
    forget(set);
  }
}

void Pools::sortPools() {
  order_.clear();
  for (auto& [name, pool] : pools_) {
    if (!pool.runnable.empty()) order_.push_back(&pool);
  }
  if (order_.size() > 1) std::sort(order_.begin(), order_.end(), isBefore);
}

}  // namespace cerium
