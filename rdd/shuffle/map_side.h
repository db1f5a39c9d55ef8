// Cerium. Licensed under the Apache License 2.0.
// The ends of a map stage's loop: partition each pair as it comes, or first combine the pairs of each key.
#pragma once

#include "rdd/fused_body.h"
#include "rdd/partitioner.h"
#include "rdd/shuffle/prefetched_adds.h"
#include "rdd/shuffle/shuffle_writer.h"

namespace cerium {

[[noreturn]] void throwOutOfRange(const CallSite& site, int64_t partition, size_t partitions);

/// The partition of a record, which may depend on more than its key. Throws InvalidArgument for a number out of range.
template <class Part, class K, class Writer>
int partitionFor(Located<Part>& located, const K& key, TaskContext& task, int64_t index, const Writer& writer) {
  Part& partitioner = located.f;
  if constexpr (requires { partitioner.getPartition(key, task.partitionId(), index); }) {
    return partitioner.getPartition(key, task.partitionId(), index);
  } else if constexpr (std::is_same_v<std::remove_cvref_t<Part>, HashPartitioner>) {
    return partitioner.getPartition(key);
  } else {
    const auto partition = static_cast<int64_t>(partitioner.getPartition(key));
    if (partition < 0 || static_cast<uint64_t>(partition) >= writer.partitions()) [[unlikely]]
      throwOutOfRange(located.site, partition, writer.partitions());
    return static_cast<int>(partition);
  }
}

/// Runs the loop of a map side. Exceptions of a hash, a comparison or a partitioner are attributed to `site`.
template <class F>
auto atSite(const CallSite& site, F loop) {
  try {
    return loop();
  } catch (...) {
    closure::noteThrow(site);
    throw;
  }
}

/// Ends a map stage without combining: partitionBy, groupByKey, joins, sorts.
template <class K, class V, class Part>
struct PartitionPairs : Parts<Located<Part>> {
  static constexpr bool kIsMapSide = true;

  template <class In>
  MapOutput run(TaskContext& task, In& input) {
    auto& partitioner = this->template part<0>();
    return atSite(partitioner.site, [&] {
      ShuffleWriter<std::pair<K, V>> writer(task, partitioner.f.numPartitions());
      int64_t index = 0;
      input.forEach([&](auto&& record) {
        writer.add(partitionFor(partitioner, record.first, task, index++, writer),
                   std::forward<decltype(record)>(record));
      });
      return writer.finish();
    });
  }
  static PartitionPairs decode(Reader& in) { return {PartitionPairs::decodeMembers(in)}; }
};

/// Ends a map stage of an aggregation: one combiner for each key, partitioned when all input has been read.
template <class K, class V, class C, class Create, class Merge, class Part>
struct CombinePairs : Parts<Located<Create>, Located<Merge>, Located<Part>> {
  static constexpr bool kIsMapSide = true;
  using Fold = CombineValues<V, C, Located<Create>, Located<Merge>>;

  template <class In>
  MapOutput run(TaskContext& task, In& input) {
    return atSite(this->template part<2>().site, [&] { return combine(task, input); });
  }
  static CombinePairs decode(Reader& in) { return {CombinePairs::decodeMembers(in)}; }

 private:
  using Table = HashAggregation<K, C, Fold>;
  using PairWriter = ShuffleWriter<std::pair<K, C>>;

  template <class In>
  MapOutput combine(TaskContext& task, In& input) {
    auto& partitioner = this->template part<2>();
    PairWriter writer(task, partitioner.f.numPartitions());
    Table table(task, mapSideSeed(task), Fold(this->template part<0>(), this->template part<1>()));
    PrefetchedAdds<K, V, Table> adds(table);
    input.forEach([&](auto&& record) {
      using Record = decltype(record);
      adds.add(std::forward<Record>(record).first, std::forward<Record>(record).second);
    });
    adds.flush();
    for (auto batch = table.next(); batch.size > 0; batch = table.next()) {
      for (size_t i = 0; i < batch.size; ++i) {
        const int partition = partitionFor(partitioner, batch.data[i].first, task, 0, writer);
        writer.add(partition, std::move(batch.data[i]));
      }
    }
    return writer.finish();
  }
};

}  // namespace cerium
