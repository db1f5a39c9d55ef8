// Cerium. Licensed under the Apache License 2.0.
// Which executors hold which cached partitions. Private to the DAG scheduler.
#pragma once

#include <set>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/util/ids.h"
#include "rdd/node.h"

namespace cerium {

/// Cached blocks by RDD and partition, and by executor. Threads: externally synchronised.
class CacheLocations {
 public:
  void add(RddId rdd, int partition, ExecutorId executor);
  void remove(RddId rdd, int partition, ExecutorId executor);
  void removeRdd(RddId rdd);
  void removeExecutor(ExecutorId executor);

  /// (RDD, partition) of each block that the executor holds.
  [[nodiscard]] std::set<std::pair<RddId, int>> heldBy(ExecutorId executor) const;
  [[nodiscard]] bool holdsAny(ExecutorId executor) const { return by_executor_.contains(executor); }
  /// True where the node is persisted and each of its partitions is held by someone: its parents need not run.
  [[nodiscard]] bool complete(const RddNode& node) const;
  /// The executors that hold the partition; null where none does.
  [[nodiscard]] const std::vector<ExecutorId>* holders(RddId rdd, int partition) const;

 private:
  using Partitions = std::unordered_map<int, std::vector<ExecutorId>>;  // no empty vectors

  std::unordered_map<RddId, Partitions> rdds_;
  std::unordered_map<ExecutorId, std::set<std::pair<RddId, int>>> by_executor_;
};

}  // namespace cerium
