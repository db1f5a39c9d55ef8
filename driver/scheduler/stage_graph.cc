// Cerium. Licensed under the Apache License 2.0.
#include "driver/scheduler/stage_graph.h"

#include <boost/unordered/unordered_flat_set.hpp>

namespace cerium {
namespace {

// The search costs partitions times depth. A hundred steps reach the cached node or the source of any usual lineage;
// a million in all keeps the slowest submission within some tens of milliseconds.
constexpr int kStepsPerPartition = 100;
constexpr int kStepsPerStage = 1'000'000;

struct Place {
  std::vector<ExecutorId> executors;
  std::vector<std::string> hosts;
  RddId input;  ///< The RDD whose cached partition `executors` hold.
};

/// Finds where (node, partition) has input, nearest first; counts its steps down from `budget`.
Place locate(const RddNode& node, int partition, const CacheLocations& cached, int& budget,
             std::vector<PartitionRef>& todo) {
  todo.assign(1, PartitionRef{&node, partition});
  for (int step = 0; step < kStepsPerPartition && !todo.empty() && budget > 0; ++step, --budget) {
    const PartitionRef at = todo.back();
    todo.pop_back();
    if (at.node->storageLevel() != StorageLevel::NONE) {
      if (const auto* holders = cached.holders(at.node->id(), at.partition)) return {*holders, {}, at.node->id()};
    }
    const RddNode* computed_by = at.node->effective();
    if (auto hosts = computed_by->preferredHosts(at.partition); !hosts.empty()) return {{}, std::move(hosts), {}};
    computed_by->narrowParents(at.partition, todo);
  }
  return {};
}

}  // namespace

StageShape stageShape(const RddNode& node, const CacheLocations* cached) {
  StageShape shape;
  boost::unordered_flat_set<const RddNode*> seen{&node};
  boost::unordered_flat_set<int64_t> shuffles;
  std::vector<const RddNode*> todo{&node};
  while (!todo.empty()) {
    const RddNode* at = todo.back();
    todo.pop_back();
    if (cached != nullptr && cached->complete(*at)) continue;
    const RddNode* computed_by = at->effective();
    shape.barrier = shape.barrier || computed_by->isBarrier();
    if (at->storageLevel() != StorageLevel::NONE) shape.persisted.push_back(at);
    for (const Dependency& dependency : computed_by->dependencies()) {
      if (dependency.shuffle) {
        if (shuffles.insert(dependency.shuffle->id().value).second) shape.shuffles.push_back(dependency.shuffle);
      } else if (seen.insert(dependency.narrow.get()).second) {
        todo.push_back(dependency.narrow.get());
      }
    }
  }
  return shape;
}

void locateTasks(dag::SubmitTasks& tasks, const CacheLocations& cached) {
  int budget = kStepsPerStage;
  std::vector<PartitionRef> todo;
  const auto set = [&](auto& all, size_t i, auto found) {
    if (found.empty()) return;
    all.resize(tasks.partitions.size());
    all[i] = std::move(found);
  };
  for (size_t i = 0; i < tasks.partitions.size(); ++i) {
    Place place = locate(*tasks.node, tasks.partitions[i], cached, budget, todo);
    set(tasks.locations, i, std::move(place.executors));
    set(tasks.hosts, i, std::move(place.hosts));
    if (!place.input.valid()) continue;
    tasks.inputs.resize(tasks.partitions.size());
    tasks.inputs[i] = place.input;
  }
}

}  // namespace cerium
