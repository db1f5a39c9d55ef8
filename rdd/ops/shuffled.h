// Cerium. Licensed under the Apache License 2.0.
// The reduce side of wide operations. Each reads its parent through `openPairs`: over a shuffle, or directly if the
// parent is already partitioned in the same way.
#pragma once

#include "rdd/narrow_functions.h"
#include "rdd/ops/fill_stream.h"
#include "rdd/shuffle/external_sorter.h"
#include "rdd/shuffle/map_side.h"
#include "rdd/shuffle/prefetched_adds.h"
#include "rdd/shuffle/shuffle_reader.h"

namespace cerium::ops {

template <class R>
StreamPtr<R> openPairs(TaskContext& task, const RddNode& node, size_t dependency, int p) {
  const Dependency& from = node.dependencies()[dependency];
  if (from.narrow) return typedParent<R>(node, dependency).open(task, p);
  return makeStream<ShuffleStream<R>>(task, from.shuffle->reducePartition(p));
}

/// partitionBy: the records in the order of arrival.
template <class K, class V>
struct Repartitioned {
  using R = std::pair<K, V>;
  StreamPtr<R> compute(TaskContext& task, const RddNode& node, int p) const { return openPairs<R>(task, node, 0, p); }
  void encode(Writer&) const {}
  static Repartitioned decode(Reader&) { return {}; }
  void visit(const ClosureVisitor&) const {}
};

/// repartition: records were spread by a number, which is dropped here.
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

/// reduceByKey and similar: merges the combiners that map tasks made, by key.
template <class K, class C, class MergeC>
struct Aggregated : Parts<Located<MergeC>> {
  using Result = HashAggregation<K, C, MergeCombiners<C, Located<MergeC>>>;

  StreamPtr<std::pair<K, C>> compute(TaskContext& task, const RddNode& node, int p) const {
    auto* result = new Result(task, reduceSideSeed(node), MergeCombiners<C, Located<MergeC>>(this->template part<0>()));
    StreamPtr<std::pair<K, C>> owner(result);
    auto stream = openPairs<std::pair<K, C>>(task, node, 0, p);
    for (bool first = true;; first = false) {
      auto batch = stream->next();
      if (batch.size == 0) break;
      if (first) result->expect(batch.size);
      absorb(task, *result, batch);
    }
    return owner;
  }
  static Aggregated decode(Reader& in) { return {Aggregated::decodeMembers(in)}; }

 private:
  static void absorb(TaskContext& task, Result& result, Batch<std::pair<K, C>> batch) {
    constexpr size_t kAhead = 16;  // prefetches in flight: about as many upserts as a memory access takes
    uint64_t hashes[kAhead];       // of the prefetched records
    const auto prefetch = [&](size_t i) {
      if (i >= batch.size) return;
      hashes[i % kAhead] = Result::Table::hashOf(batch.data[i].first);
      result.prefetch(hashes[i % kAhead]);
    };
    for (size_t i = 0; i < kAhead; ++i) prefetch(i);
    for (size_t i = 0; i < batch.size; ++i) {
      task.checkInterrupted();
      const uint64_t hash = hashes[i % kAhead];
      prefetch(i + kAhead);
      std::pair<K, C>& record = batch.data[i];
      if (batch.owned) {
        result.add(hash, std::move(record.first), std::move(record.second));
      } else {
        result.add(hash, static_cast<const K&>(record.first), static_cast<const C&>(record.second));
      }
    }
  }
};

/// Folds pairs from a parent that is already partitioned in the same way, or from a shuffle.
template <class K, class V, class C, class Fold>
StreamPtr<std::pair<K, C>> aggregatePairs(TaskContext& task, uint64_t seed, StreamPtr<std::pair<K, V>> pairs,
                                          Fold fold) {
  using Result = HashAggregation<K, C, Fold>;
  auto* result = new Result(task, seed, std::move(fold));
  StreamPtr<std::pair<K, C>> owner(result);
  narrow::Input<std::pair<K, V>, narrow::Identity> input(task, std::move(pairs), {});
  PrefetchedAdds<K, V, Result> adds(*result);
  input.forEach([&](auto&& record) {
    using Record = decltype(record);
    adds.add(std::forward<Record>(record).first, std::forward<Record>(record).second);
  });
  adds.flush();
  return owner;
}

/// combineByKey if the parent is already partitioned in the same way: one table, no shuffle.
template <class K, class V, class C, class Create, class MergeV, class MergeC>
struct CombinedInPlace : Parts<Located<Create>, Located<MergeV>, Located<MergeC>> {
  StreamPtr<std::pair<K, C>> compute(TaskContext& task, const RddNode& node, int p) const {
    return aggregatePairs<K, V, C>(
        task, reduceSideSeed(node), openPairs<std::pair<K, V>>(task, node, 0, p),
        CombineValues<V, C, Located<Create>, Located<MergeV>>(this->template part<0>(), this->template part<1>()));
  }
  static CombinedInPlace decode(Reader& in) { return {CombinedInPlace::decodeMembers(in)}; }
};

/// groupByKey: all values of a key, in map order.
template <class K, class V>
struct Grouped {
  StreamPtr<std::pair<K, std::vector<V>>> compute(TaskContext& task, const RddNode& node, int p) const {
    return aggregatePairs<K, V, std::vector<V>>(task, reduceSideSeed(node),
                                                openPairs<std::pair<K, V>>(task, node, 0, p), AppendValues<V>());
  }
  void encode(Writer&) const {}
  static Grouped decode(Reader&) { return {}; }
  void visit(const ClosureVisitor&) const {}
};

/// sortByKey after its shuffle, and repartitionAndSortWithinPartitions: sorted within each partition.
template <class K, class V>
struct Sorted {
  KeyOrder order;

  StreamPtr<std::pair<K, V>> compute(TaskContext& task, const RddNode& node, int p) const {
    return makeStream<SortedStream<K, V>>(task, openPairs<std::pair<K, V>>(task, node, 0, p), order);
  }
  void encode(Writer& out) const { out.put(static_cast<uint8_t>(order.ascending)); }
  static Sorted decode(Reader& in) { return {{in.get<uint8_t>() != 0}}; }
  void visit(const ClosureVisitor&) const {}
};

}  // namespace cerium::ops
