// Cerium. Licensed under the Apache License 2.0.
// Chooses the partitioner of a wide operation: the one that is named, else an existing one of a parent, else a hash
// partitioner.
#pragma once

#include <algorithm>
#include <cstdint>
#include <typeinfo>

#include "rdd/api/support.h"

namespace cerium::api {

template <class K>
concept Ordered = requires(const K& a, const K& b) {
  KeyLess()(a, b);
}
&&requires(const K& a, const K& b) { a < b; };

/// A hash or a range partitioner, chosen at run time. Wide operations on parents that may have either are compiled for
/// it.
template <class K>
class KeyPartitioner {
 public:
  KeyPartitioner() = default;
  explicit KeyPartitioner(HashPartitioner hash) : hash_(hash) {}
  explicit KeyPartitioner(RangePartitioner<K> range) : ranged_(true), range_(std::move(range)) {}

  [[nodiscard]] int numPartitions() const { return ranged_ ? range_.numPartitions() : hash_.numPartitions(); }
  [[nodiscard]] int getPartition(const K& key) const {
    if constexpr (Ordered<K>) {
      if (ranged_) return range_.getPartition(key);
    }
    return hash_.getPartition(key);
  }
  /// The partitioner inside, as RDDs report it.
  [[nodiscard]] Partitioner handle() const { return ranged_ ? Partitioner(range_) : Partitioner(hash_); }
  template <class Archive>
  void serialize(Archive& archive) {
    int partitions = hash_.numPartitions();
    archive(ranged_, partitions, range_);
    hash_ = HashPartitioner(partitions);
  }

 private:
  bool ranged_ = false;
  HashPartitioner hash_;
  RangePartitioner<K> range_;
};

/// The handle that the result of an operation reports for `partitioner`.
template <class Part>
Partitioner handleOf(const Part& partitioner) {
  if constexpr (requires { partitioner.handle(); }) {
    return partitioner.handle();
  } else {
    return Partitioner(partitioner);
  }
}

/// The typed partitioner of a handle, for keys of type K. Throws InvalidArgument for a type of the program's own, which
/// is not known here.
template <class K>
KeyPartitioner<K> keyPartitionerOf(const Partitioner& named) {
  if (const auto* hash = named.as<HashPartitioner>()) return KeyPartitioner<K>(*hash);
  if constexpr (Ordered<K>) {
    if (const auto* range = named.as<RangePartitioner<K>>()) return KeyPartitioner<K>(*range);
  }
  throw InvalidArgument(
      "this Partitioner holds one that is for other keys, or of a type of the program's own; pass that "
      "one itself");
}

/// Checks the number of partitions of a partitioner, whose type the error names. Throws InvalidArgument for an
/// impossible number.
int partitionsOf(const char* type, int64_t partitions);

inline HashPartitioner hashOf(const JobRunnerPtr& runner, int largest_parent) {
  return HashPartitioner(std::max(1, runner->shuffleParallelism(largest_parent)));
}

/// The partitioner for an operation on one parent without a partitioner.
template <class K, class Part>
auto choose(const JobRunnerPtr& runner, const Part& named, int parent_partitions) {
  if constexpr (std::is_same_v<Part, UseDefault>) {
    return hashOf(runner, parent_partitions);
  } else if constexpr (std::is_integral_v<Part>) {
    return HashPartitioner(partitionsOf("HashPartitioner", static_cast<int64_t>(named)));
  } else if constexpr (std::is_same_v<Part, Partitioner>) {
    return keyPartitionerOf<K>(named);
  } else {
    static_assert(PartitionerFor<Part, K>,
                  "cerium: not a partitioner for keys of this type; it needs `int numPartitions() const` and "
                  "`int getPartition(const K&) const`");
    (void)partitionsOf(typeid(Part).name(), static_cast<int64_t>(named.numPartitions()));
    return named;
  }
}

/// The properties of a parent that matter for a wide operation.
struct ParentShape {
  std::optional<Partitioner> partitioner;
  int partitions;
};

/// Spark's rule for several parents: the existing partitioner with the most partitions, unless it has fewer than a
/// tenth of the largest parent's partitions. Returns null if a new hash partitioner is better, and sets `fresh` to it.
const Partitioner* bestAmong(const JobRunnerPtr& runner, std::initializer_list<ParentShape> parents,
                             HashPartitioner& fresh);

template <class K, class Part>
auto chooseAmong(const JobRunnerPtr& runner, const Part& named, std::initializer_list<ParentShape> parents) {
  if constexpr (!std::is_same_v<Part, UseDefault>) {
    return choose<K>(runner, named, 0);
  } else {
    HashPartitioner fresh;
    if (const Partitioner* best = bestAmong(runner, parents, fresh)) {
      if (const auto* hash = best->as<HashPartitioner>()) return KeyPartitioner<K>(*hash);
      if (const auto* range = best->as<RangePartitioner<K>>()) return KeyPartitioner<K>(*range);
    }
    return KeyPartitioner<K>(fresh);
  }
}

}  // namespace cerium::api
