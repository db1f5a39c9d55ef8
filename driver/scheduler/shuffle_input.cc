// Cerium. Licensed under the Apache License 2.0.
#include "driver/scheduler/shuffle_input.h"

#include <algorithm>
#include <map>
#include <utility>

namespace cerium {
namespace {

constexpr int64_t kLarge = int64_t{1} << 20;  // bytes that take longer to read than a request takes
constexpr int kSteps = 1'000'000;             // over the lineage of all tasks, which takes some tens of milliseconds
constexpr int kStepsATask = 100;

using Ranges = std::vector<ShuffleRange>;

/// What the task of a partition reads of shuffles.
Ranges rangesOf(const RddNode& node, int partition, int& budget) {
  Ranges ranges;
  std::vector<PartitionRef> todo{{&node, partition}};
  for (int step = 0; step < kStepsATask && !todo.empty() && budget > 0; ++step, --budget) {
    const PartitionRef at = todo.back();
    todo.pop_back();
    const RddNode* computed_by = at.node->effective();
    for (size_t i = 0; i < computed_by->dependencies().size(); ++i) {
      if (computed_by->dependencies()[i].shuffle) ranges.push_back(computed_by->shuffleInput(i, at.partition));
    }
    computed_by->narrowParents(at.partition, todo);
  }
  return ranges;
}

int64_t bytesOf(const ShuffleRange& range, const ShuffleSizes& sizes) {
  int64_t bytes = 0;
  const bool has_all_maps = range.map_begin == 0 && range.map_end == sizes.numMaps();
  for (int r = range.reduce_begin; r < range.reduce_end; ++r) {
    if (has_all_maps) {
      bytes += sizes.ofReduce(r).bytes;
      continue;
    }
    for (int map = range.map_begin; map < range.map_end; ++map) bytes += sizes.of(map, r).bytes;
  }
  return bytes;
}

struct Input {
  int partition = 0;
  Ranges ranges;
  int64_t bytes = 0;
};

/// The executor that holds at least three quarters of the input; none if the sizes are not known by map.
ExecutorId holderOf(const Input& input, const MapOutputTracker& outputs) {
  std::map<ExecutorId, int64_t> held;
  for (const ShuffleRange& range : input.ranges) {
    const auto sizes = outputs.sizes(range.shuffle);
    const auto places = outputs.outputs(range.shuffle);
    const auto parts = static_cast<size_t>(sizes->numMaps()) * static_cast<size_t>(sizes->numReduces());
    if (parts > ShuffleSizes::kMostParts) return {};
    for (int map = range.map_begin; map < range.map_end; ++map) {
      const auto& place = (*places)[static_cast<size_t>(map)];
      if (!place) continue;
      for (int r = range.reduce_begin; r < range.reduce_end; ++r) held[place->executor] += sizes->of(map, r).bytes;
    }
  }
  for (const auto& [executor, bytes] : held) {
    if (bytes >= input.bytes / 4 * 3) return executor;
  }
  return {};
}

}  // namespace

void followSizes(dag::SubmitTasks& tasks, const MapOutputTracker& outputs) {
  if (tasks.parents.empty() || tasks.barrier) return;
  int budget = kSteps;
  std::vector<Input> inputs;
  int64_t total = 0;
  for (int partition : tasks.partitions) {
    Input& input = inputs.emplace_back(Input{partition, rangesOf(*tasks.node, partition, budget), 0});
    for (const ShuffleRange& range : input.ranges) {
      if (const auto sizes = outputs.sizes(range.shuffle)) input.bytes += bytesOf(range, *sizes);
    }
    total += input.bytes;
  }
  const int64_t mean = total / std::max<int64_t>(1, std::ssize(inputs));
  const auto is_first = [&](const Input& input) { return input.bytes >= kLarge && input.bytes > 2 * mean; };
  const auto others = std::stable_partition(inputs.begin(), inputs.end(), is_first);
  std::stable_sort(inputs.begin(), others, [](const Input& a, const Input& b) { return a.bytes > b.bytes; });
  for (size_t i = 0; i < inputs.size(); ++i) {
    tasks.partitions[i] = inputs[i].partition;
    const ExecutorId holder = inputs[i].bytes >= kLarge ? holderOf(inputs[i], outputs) : ExecutorId();
    if (!holder.valid()) continue;
    tasks.near.resize(inputs.size());
    tasks.near[i] = holder;
  }
}

}  // namespace cerium
