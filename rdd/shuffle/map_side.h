// Cerium. Licensed under the Apache License 2.0.
// The ends of a map stage's loop: partition each pair as it comes, or combine pairs of one key first.
#pragma once

#include "rdd/fused_body.h"
#include "rdd/partitioner.h"
#include "rdd/shuffle/prefetched_adds.h"
#include "rdd/shuffle/shuffle_writer.h"

namespace cerium {

/// Adds where a record's partition may depend on more than its key.
template <class Part, class K>
int partitionFor(Part& partitioner, const K& key, TaskContext& task, int64_t index) {
  if constexpr (requires { partitioner.getPartition(key, task.partitionId(), index); }) {
    return partitioner.getPartition(key, task.partitionId(), index);
  } else {
    const int partition = partitioner.getPartition(key);
    if constexpr (!std::is_same_v<std::remove_cvref_t<Part>, HashPartitioner>) {
      if (partition < 0 || partition >= partitioner.numPartitions()) [[unlikely]] {
        throw InvalidArgument("the partitioner put a key into partition " + std::to_string(partition) + " of " +
                              std::to_string(partitioner.numPartitions()));
      }
    }
    return partition;
  }
}

/// Ends a map stage without combining: partitionBy, groupByKey, joins, sorts.
template <class K, class V, class Part>
struct PartitionPairs : Parts<Located<Part>> {
  static constexpr bool kIsMapSide = true;

  template <class In>
  MapOutput run(TaskContext& task, In& input) {
    Part& partitioner = this->template part<0>().f;
    ShuffleWriter<std::pair<K, V>> writer(task, partitioner.numPartitions());
    int64_t index = 0;
    input.forEach([&](auto&& record) {
      writer.add(partitionFor(partitioner, record.first, task, index++), std::forward<decltype(record)>(record));
    });
    return writer.finish();
  }
  static PartitionPairs decode(Reader& in) { return {PartitionPairs::decodeMembers(in)}; }
};

/// Ends a map stage of an aggregation: one combiner a key, partitioned when the input is read.
template <class K, class V, class C, class Create, class Merge, class Part>
struct CombinePairs : Parts<Located<Create>, Located<Merge>, Located<Part>> {
  static constexpr bool kIsMapSide = true;
  using Fold = CombineValues<V, C, Located<Create>, Located<Merge>>;

  template <class In>
  MapOutput run(TaskContext& task, In& input) {
    using Table = HashAggregation<K, C, Fold>;
    Table table(task, mapSideSeed(task), Fold(this->template part<0>(), this->template part<1>()));
    PrefetchedAdds<K, V, Table> adds(table);
    input.forEach([&](auto&& record) {
      using Record = decltype(record);
      adds.add(std::forward<Record>(record).first, std::forward<Record>(record).second);
    });
    adds.flush();
    Part& partitioner = this->template part<2>().f;
    ShuffleWriter<std::pair<K, C>> writer(task, partitioner.numPartitions());
    table.drain([&](uint64_t hash, K&& key, C&& combiner) {
      const int partition = partitionOf(partitioner, hash, key, task);  // before the key moves away
      writer.add(partition, std::pair<K, C>(std::move(key), std::move(combiner)));
    });
    return writer.finish();
  }
  static CombinePairs decode(Reader& in) { return {CombinePairs::decodeMembers(in)}; }

 private:
  static int partitionOf(Part& partitioner, [[maybe_unused]] uint64_t hash, const K& key, TaskContext& task) {
    if constexpr (std::is_same_v<Part, HashPartitioner>) {
      return partitioner.ofHash(hash);
    } else {
      return partitionFor(partitioner, key, task, 0);
    }
  }
};

}  // namespace cerium
