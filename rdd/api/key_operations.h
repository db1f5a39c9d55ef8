// Cerium. Licensed under the Apache License 2.0.
// Wide operations on any RDD<T>: grouping, distinct records, sorting by a key, and set operations.
#pragma once

#include "rdd/api/pair_operations.h"
#include "rdd/api/range_bounds.h"

namespace cerium::api {

template <class Self, class T>
class KeyOperations {
 public:
  /// pair<K, vector<T>> with K = f(record). Moves and holds data as groupByKey does.
  template <class F, class Part = UseDefault>
  auto groupBy(F f, Part part = {}, Where where = Where::current()) const {
    return self().keyBy(std::move(f), where).groupByKey(part, where);
  }
  template <class F, class A>
    requires closure::TakesBound<F, A, T>
  auto groupBy(F f, A a, Where where = Where::current()) const {
    return groupBy(closure::bind(std::move(f), std::move(a)), UseDefault(), where);
  }

  /// Each distinct record once. The distinct records of each partition move.
  template <class Part = UseDefault>
  auto distinct(Part part = {}, Where where = Where::current()) const {
    return self()
        .map([](T record) { return std::pair<T, char>(std::move(record), 0); }, where)
        .reduceByKey([](char a, char) { return a; }, part, where)
        .keys(where);
  }

  /// The records sorted by f(record); equal ones keep their order within a partition. Runs a job that samples the keys,
  /// then moves every record once. Partition sizes are even, even if most keys are equal.
  template <class F>
  auto sortBy(F f, bool ascending = true, int64_t partitions = 0, Where where = Where::current()) const {
    return self().keyBy(std::move(f), where).sortByKey(ascending, partitions, where).values(where);
  }
  template <class F, class A>
    requires closure::TakesBound<F, A, T>
  auto sortBy(F f, A a, Where where = Where::current()) const {
    return sortBy(closure::bind(std::move(f), std::move(a)), true, 0, where);
  }

  /// The records that occur in both RDDs, each once. All records of both move.
  template <class Other, class Part = UseDefault>
  auto intersection(const Other& other, Part part = {}, Where where = Where::current()) const {
    return marked(where)
        .cogroup(other.marked(where), part, where)
        .filter(
            [](const auto& sides) { return !std::get<0>(sides.second).empty() && !std::get<1>(sides.second).empty(); },
            where)
        .keys(where);
  }
  /// The records that do not occur in `other`, with their duplicates. All records of both move.
  template <class Other, class Part = UseDefault>
  auto subtract(const Other& other, Part part = {}, Where where = Where::current()) const {
    return marked(where).subtractByKey(other.marked(where), part, where).keys(where);
  }

  /// Each record as a key, with an empty value.
  auto marked(Where where = Where::current()) const {
    return self().map([](T record) { return std::pair<T, char>(std::move(record), 0); }, where);
  }

 private:
  const Self& self() const { return static_cast<const Self&>(*this); }
};

/// Operations on pairs whose keys have an order.
template <class Self, class T, class K = typename PairTraits<T>::Key, class V = typename PairTraits<T>::Value>
class OrderedOperations {
 public:
  /// The pairs sorted by key: NaN last; equal keys keep their order within a partition. Runs a job that samples the
  /// keys, then moves every pair once. Partition sizes are even, even if most keys are equal.
  auto sortByKey(bool ascending = true, int64_t partitions = 0, Where where = Where::current()) const {
    requireSerializable<op::sortBy, T>();
    const int wanted =
        partitions != 0 ? checkedPartitions({"sortByKey", where}, partitions) : std::max(1, self().getNumPartitions());
    auto bounds = sampleBounds<K>(self(), wanted, where);
    const bool spread = hasEqualNeighbours(bounds);
    RangePartitioner<K> range(std::move(bounds), ascending);
    // Equal bounds mean a key that is too frequent for one partition. Its pairs are spread over several partitions, so
    // the result is not partitioned by key and reports no partitioner.
    const int n = range.numPartitions();
    auto handle = spread ? std::nullopt : std::optional<Partitioner>(range);
    using Part = SpreadRangePartitioner<K>;
    auto shuffle = self().shuffleWith(
        PartitionPairs<K, V, Part>{{Located<Part>{{"sortByKey", where}, Part(std::move(range), spread)}}}, n);
    return makeRdd<T>(self().runner(), {"sortByKey", where}, n, {Dependency{nullptr, shuffle}},
                      ops::Sorted<K, V>{{ascending}}, std::move(handle));
  }

  /// The pairs partitioned by `partitioner` and sorted by key within each partition, with one shuffle.
  template <class Part>
  auto repartitionAndSortWithinPartitions(Part partitioner, Where where = Where::current()) const {
    auto chosen = choose<K>(self().runner(), partitioner, 0);
    const CallSite site("repartitionAndSortWithinPartitions", where);
    return makeRdd<T>(self().runner(), site, chosen.numPartitions(), {self().keyedBy(chosen, site)},
                      ops::Sorted<K, V>{}, handleOf(chosen));
  }

  /// The pairs with low <= key <= high. If the RDD is range partitioned, reads only the partitions that may hold some.
  auto filterByRange(const K& low, const K& high, Where where = Where::current()) const {
    auto inside = [](const T& pair, const K& from, const K& to) {
      return !KeyLess()(pair.first, from) && !KeyLess()(to, pair.first);
    };
    int first = 0;
    int last = self().getNumPartitions() - 1;
    if (auto partitioner = self().partitioner()) {
      if (const auto* range = partitioner->template as<RangePartitioner<K>>()) {
        first = range->getPartition(range->ascending() ? low : high);
        last = range->getPartition(range->ascending() ? high : low);
      }
    }
    auto pruned = makeRdd<T>(self().runner(), {"filterByRange", where}, std::max(0, last - first + 1),
                             {narrowOn(self().node())}, ops::Slice<T>{first});
    return pruned.filter(inside, low, high, where);
  }

 private:
  const Self& self() const { return static_cast<const Self&>(*this); }
};

template <class Self, class T>
class OrderedOperations<Self, T, void, void> {};

}  // namespace cerium::api
