// Cerium. Licensed under the Apache License 2.0.
#include "rdd/api/default_partitioner.h"

#include <limits>
#include <string>

#include "base/util/exception_text.h"

namespace cerium::api {

int partitionsOf(const char* type, int64_t partitions) {
  constexpr int64_t kMost = std::numeric_limits<int>::max();
  if (partitions > 0 && partitions <= kMost) return static_cast<int>(partitions);
  throw InvalidArgument(demangled(type) + ": the number of partitions is " + std::to_string(partitions) +
                        "; it must be at least 1 and at most " + std::to_string(kMost));
}

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
