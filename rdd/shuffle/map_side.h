// Cerium. Licensed under the Apache License 2.0.
// The ends of a map stage's loop: partition each pair as it comes, or combine pairs of one key first.
#pragma once

#include "rdd/fused_body.h"
#include "rdd/partitioner.h"
#include "rdd/shuffle/combine_table.h"
#include "rdd/shuffle/shuffle_writer.h"

namespace cerium {

[[noreturn]] void throwOutOfRange(const OperationSite& site, int64_t partition, size_t partitions);

/// Of a record, whose partition may depend on more than its key. Throws InvalidArgument for one that is not there.
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

/// Runs the loop of a map side; what a hash, a comparison or a partitioner throws is the operation's.
template <class F>
auto atSite(const OperationSite& site, F loop) {
  try {
    return loop();
  } catch (...) {
    closure::noteThrow(site);
    throw;
  }
}

/// Of the tables of a map side and of what computes an RDD: no two on one path of records are alike.
inline uint64_t mapSideSeed(const TaskContext& task) { return 2 * static_cast<uint64_t>(task.rdd().value); }
inline uint64_t reduceSideSeed(const RddNode& node) { return 2 * static_cast<uint64_t>(node.id().value) + 1; }

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

/// Ends a map stage of an aggregation: one combiner a key, partitioned when the input is read.
template <class K, class V, class C, class Create, class Merge, class Part>
struct CombinePairs : Parts<Located<Create>, Located<Merge>, Located<Part>> {
  static constexpr bool kIsMapSide = true;
  using Table = CombineTable<K, C>;

  template <class In>
  MapOutput run(TaskContext& task, In& input) {
    return atSite(this->template part<2>().site, [&] { return combine(task, input); });
  }
  static CombinePairs decode(Reader& in) { return {CombinePairs::decodeMembers(in)}; }

 private:
  using PairWriter = ShuffleWriter<std::pair<K, C>>;

  template <class In>
  MapOutput combine(TaskContext& task, In& input) {
    auto& create = this->template part<0>();
    auto& merge = this->template part<1>();
    auto& partitioner = this->template part<2>();
    PairWriter writer(task, partitioner.f.numPartitions());
    Reservation reserved(task.services().memory());
    Table table(mapSideSeed(task));
    size_t heap_bytes = 0;
    input.forEach([&](auto&& record) {
      if (table.mustGrow()) [[unlikely]]
        makeRoom(task, table, heap_bytes, reserved, partitioner, writer);
      const uint64_t hash = Table::hashOf(record.first);
      using Record = decltype(record);
      table.upsert(
          std::forward<Record>(record).first, hash,
          [&] {
            if constexpr (!kBitwise<K>) heap_bytes += serde::heapBytes(static_cast<const K&>(record.first));
            C combiner = create(std::forward<Record>(record).second);
            if constexpr (!kBitwise<C>) heap_bytes += serde::heapBytes(combiner);
            return combiner;
          },
          [&](C& combiner) {
            combiner = closure::accumulate(merge, std::move(combiner), std::forward<Record>(record).second);
          });
    });
    flush(task, table, partitioner, writer);
    reserved.resizeAnyway(0);
    return writer.finish();
  }

  /// Before the table doubles: charges what it will take, or empties it to disk where the budget has no room.
  [[gnu::noinline]] static void makeRoom(TaskContext& task, Table& table, size_t& heap_bytes, Reservation& reserved,
                                         Located<Part>& partitioner, PairWriter& writer) {
    if (reserved.tryResize(heap_bytes + table.bytesAfterGrowth())) return;
    if (table.size() < kSmallestSpill) {
      reserved.resizeAnyway(heap_bytes + table.bytesAfterGrowth());
      return;
    }
    flush(task, table, partitioner, writer);
    writer.spillAll();
    table.clear();
    heap_bytes = 0;
  }

  static void flush(TaskContext& task, Table& table, Located<Part>& partitioner, PairWriter& writer) {
    auto partition_of = [&](typename Table::Entry& entry) {
      if constexpr (std::is_same_v<Part, HashPartitioner>) {
        return partitioner.f.ofHash(Table::hashOf(entry));
      } else {
        return partitionFor(partitioner, entry.key, task, 0, writer);
      }
    };
    table.forEach([&](typename Table::Entry& entry) {
      const int partition = partition_of(entry);  // before the key moves away: arguments have no order
      writer.add(partition, std::pair<K, C>(std::move(entry.key), std::move(entry.value)));
    });
  }

  static constexpr size_t kSmallestSpill = 1024;  // a budget so small that less fits is overdrawn instead
};

}  // namespace cerium
