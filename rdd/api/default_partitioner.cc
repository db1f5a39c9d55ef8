// Cerium. Licensed under the Apache License 2.0.
#include "rdd/api/default_partitioner.h"

namespace cerium::api {

const Partitioner* bestAmong(const JobRunnerPtr& runner, std::initializer_list<ParentShape> parents,
                             HashPartitioner& fresh) {
  int largest = 1;
  const Partitioner* best = nullptr;
  for (const auto& [partitioner, partitions] : parents) {
    largest = std::max(largest, partitions);
    if (partitioner && (best == nullptr || partitioner->numPartitions() > best->numPartitions())) best = &*partitioner;
  }
  fresh = hashOf(runner, largest);
  const bool good =
      best != nullptr && (best->numPartitions() >= fresh.numPartitions() || best->numPartitions() * 10 > largest);
  return good ? best : nullptr;
}

}  // namespace cerium::api
