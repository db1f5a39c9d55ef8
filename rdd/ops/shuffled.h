// Cerium. Licensed under the Apache License 2.0.
// The reduce side of wide operations. Each reads its parent through `openPairs`: over a shuffle, or directly where the
// parent is already partitioned alike.
#pragma once

#include "rdd/ops/fill_stream.h"
#include "rdd/pipes.h"
#include "rdd/shuffle/map_side.h"
#include "rdd/shuffle/shuffle_reader.h"
#include "rdd/shuffle/sorter.h"
#include "rdd/shuffle/spilling_table.h"

namespace cerium::ops {

template <class R>
StreamPtr<R> openPairs(TaskContext& task, const RddNode& node, size_t dependency, int p) {
  const Dependency& from = node.dependencies()[dependency];
  if (from.narrow) return typedParent<R>(node, dependency).open(task, p);
  return makeStream<ShuffleStream<R>>(task, *from.shuffle, p);
}

/// partitionBy: the records as they arrive.
template <class K, class V>
struct Repartitioned {
  using R = std::pair<K, V>;
  StreamPtr<R> compute(TaskContext& task, const RddNode& node, int p) const { return openPairs<R>(task, node, 0, p); }
  void encode(Writer&) const {}
  static Repartitioned decode(Reader&) { return {}; }
  void visit(const ClosureVisitor&) const {}
};

/// repartition: spread over partitions by a number that is then dropped.
template <class T>
struct Unkeyed {
  StreamPtr<T> compute(TaskContext& task, const RddNode& node, int p) const {
    return fillStream<T>([stream = openPairs<std::pair<int, T>>(task, node, 0, p)](RecordBuffer<T>& out) mutable {
      auto batch = stream->next();
      for (size_t i = 0; i < batch.size; ++i) {
        if (batch.owned) {
          out.emplace_back(std::move(batch.data[i].second));
        } else {
          out.emplace_back(static_cast<const T&>(batch.data[i].second));
        }
      }
      return batch.size > 0;
    });
  }
  void encode(Writer&) const {}
  static Unkeyed decode(Reader&) { return {}; }
  void visit(const ClosureVisitor&) const {}
};

/// Merges a later combiner into an earlier one with the user's function.
template <class C, class F>
struct MergeWith {
  Located<F> f;
  void operator()(C& known, C&& more) { known = closure::accumulate(f, std::move(known), std::move(more)); }
};

/// reduceByKey and kin: combiners arrive (made on the map side), and those of one key are merged.
template <class K, class C, class MergeC>
struct Aggregated : Parts<Located<MergeC>> {
  StreamPtr<std::pair<K, C>> compute(TaskContext& task, const RddNode& node, int p) const {
    using Result = TableStream<K, C, MergeWith<C, MergeC>>;
    MergeWith<C, MergeC> merge{this->template part<0>()};
    auto* result = new Result(task, reduceSideSeed(node), merge);
    StreamPtr<std::pair<K, C>> owner(result);
    auto& table = result->table();
    auto stream = openPairs<std::pair<K, C>>(task, node, 0, p);
    for (bool first = true;; first = false) {
      auto batch = stream->next();
      if (batch.size == 0) break;
      task.checkInterrupted();
      if (first) table.expect(batch.size);
      absorb(table, merge, batch);
    }
    return owner;
  }
  static Aggregated decode(Reader& in) { return {Aggregated::decodeMembers(in)}; }

 private:
  template <class Table, class Merge>
  static void absorb(Table& table, Merge& merge, Batch<std::pair<K, C>> batch) {
    constexpr size_t kAhead = 16;  // prefetches in flight: about a memory latency's worth of upserts
    for (size_t i = 0; i < batch.size; ++i) {
      if (i + kAhead < batch.size) table.prefetch(batch.data[i + kAhead].first);
      std::pair<K, C>& record = batch.data[i];
      if (batch.owned) {
        table.upsert(
            std::move(record.first), [&] { return std::move(record.second); },
            [&](C& known) { merge(known, std::move(record.second)); });
      } else {
        table.upsert(
            static_cast<const K&>(record.first), [&] { return C(record.second); },
            [&](C& known) { merge(known, C(record.second)); });
      }
    }
  }
};

/// combineByKey where the parent is partitioned alike already: one table, no shuffle.
template <class K, class V, class C, class Create, class MergeV, class MergeC>
struct CombinedInPlace : Parts<Located<Create>, Located<MergeV>, Located<MergeC>> {
  StreamPtr<std::pair<K, C>> compute(TaskContext& task, const RddNode& node, int p) const {
    using Result = TableStream<K, C, MergeWith<C, MergeC>>;
    auto create = this->template part<0>();
    auto merge_value = this->template part<1>();
    auto* result = new Result(task, reduceSideSeed(node), MergeWith<C, MergeC>{this->template part<2>()});
    StreamPtr<std::pair<K, C>> owner(result);
    pipes::Input<std::pair<K, V>, pipes::Identity> input(task, openPairs<std::pair<K, V>>(task, node, 0, p), {});
    input.forEach([&](auto&& record) {
      using Record = decltype(record);
      result->table().upsert(
          std::forward<Record>(record).first, [&] { return C(create(std::forward<Record>(record).second)); },
          [&](C& known) {
            known = closure::accumulate(merge_value, std::move(known), std::forward<Record>(record).second);
          });
    });
    return owner;
  }
  static CombinedInPlace decode(Reader& in) { return {CombinedInPlace::decodeMembers(in)}; }
};

/// groupByKey: all values of a key, in map order.
template <class K, class V>
struct Grouped {
  using Group = std::vector<V>;
  struct Append {
    void operator()(Group& known, Group&& more) {
      known.insert(known.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
    }
  };

  StreamPtr<std::pair<K, Group>> compute(TaskContext& task, const RddNode& node, int p) const {
    auto* result = new TableStream<K, Group, Append>(task, reduceSideSeed(node), Append{});
    StreamPtr<std::pair<K, Group>> owner(result);
    auto& table = result->table();
    pipes::Input<std::pair<K, V>, pipes::Identity> input(task, openPairs<std::pair<K, V>>(task, node, 0, p), {});
    input.forEach([&](auto&& record) {
      using Record = decltype(record);
      size_t bytes = sizeof(V);
      if constexpr (!kBitwise<V>) bytes += serde::heapBytes(static_cast<const V&>(record.second));
      table.charge(bytes);
      table.upsert(
          std::forward<Record>(record).first,
          [&] {
            Group group;
            group.push_back(std::forward<Record>(record).second);
            return group;
          },
          [&](Group& known) { known.push_back(std::forward<Record>(record).second); });
    });
    return owner;
  }
  void encode(Writer&) const {}
  static Grouped decode(Reader&) { return {}; }
  void visit(const ClosureVisitor&) const {}
};

/// sortByKey after its shuffle, and repartitionAndSortWithinPartitions: sorted inside each partition.
template <class K, class V>
struct Sorted {
  KeyOrder order;

  StreamPtr<std::pair<K, V>> compute(TaskContext& task, const RddNode& node, int p) const {
    return sortStream<K, V>(task, openPairs<std::pair<K, V>>(task, node, 0, p), order);
  }
  void encode(Writer& out) const { out.put(static_cast<uint8_t>(order.ascending)); }
  static Sorted decode(Reader& in) { return {{in.get<uint8_t>() != 0}}; }
  void visit(const ClosureVisitor&) const {}
};

}  // namespace cerium::ops
