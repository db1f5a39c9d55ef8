// Cerium. Licensed under the Apache License 2.0.
#include "driver/scheduler/cache_locations.h"

namespace cerium {

void CacheLocations::add(RddId rdd, int partition, ExecutorId executor) {
  if (!by_executor_[executor].emplace(rdd, partition).second) return;
  rdds_[rdd][partition].push_back(executor);
}

void CacheLocations::remove(RddId rdd, int partition, ExecutorId executor) {
  auto held = by_executor_.find(executor);
  if (held == by_executor_.end() || held->second.erase({rdd, partition}) == 0) return;
  if (held->second.empty()) by_executor_.erase(held);
  Partitions& partitions = rdds_[rdd];
  std::erase(partitions[partition], executor);
  if (partitions[partition].empty()) partitions.erase(partition);
  if (partitions.empty()) rdds_.erase(rdd);
}

void CacheLocations::removeRdd(RddId rdd) {
  auto found = rdds_.find(rdd);
  if (found == rdds_.end()) return;
  const Partitions partitions = found->second;
  for (const auto& [partition, executors] : partitions) {
    for (ExecutorId executor : executors) remove(rdd, partition, executor);
  }
}

void CacheLocations::removeExecutor(ExecutorId executor) {
  auto held = by_executor_.find(executor);
  if (held == by_executor_.end()) return;
  const auto blocks = held->second;
  for (const auto& [rdd, partition] : blocks) remove(rdd, partition, executor);
}

std::set<std::pair<RddId, int>> CacheLocations::heldBy(ExecutorId executor) const {
  auto held = by_executor_.find(executor);
  return held == by_executor_.end() ? std::set<std::pair<RddId, int>>() : held->second;
}

bool CacheLocations::complete(const RddNode& node) const {
  if (node.storageLevel() == StorageLevel::NONE) return false;
  auto found = rdds_.find(node.id());
  return found != rdds_.end() && found->second.size() == static_cast<size_t>(node.numPartitions());
}

const std::vector<ExecutorId>* CacheLocations::holders(RddId rdd, int partition) const {
  auto found = rdds_.find(rdd);
  if (found == rdds_.end()) return nullptr;
  auto place = found->second.find(partition);
  return place == found->second.end() ? nullptr : &place->second;
}

}  // namespace cerium
