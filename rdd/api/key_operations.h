// Cerium. Licensed under the Apache License 2.0.
// Wide operations on any RDD<T>: grouping, distinct records, sorting by a key, and set operations.
#pragma once

#include "rdd/api/pair_operations.h"
#include "rdd/api/range_bounds.h"

namespace cerium::api {

template <class Self, class T>
class KeyOperations {
 public:
  /// pair<K, vector<T>> with K = f(record). See groupByKey for what it moves and holds.
  template <class F, class Part = UseDefault>
  auto groupBy(F f, Part part = {}, Where where = Where::current()) const {
    return self().keyBy(std::move(f), where).groupByKey(part, where);
  }
  template <class F, class A>
    requires closure::TakesBound<F, A, T>
  auto groupBy(F f, A a, Where where = Where::current()) const {
    return groupBy(closure::bind(std::move(f), std::move(a)), UseDefault(), where);
  }

  /// Each record once. Moves each distinct record of each partition.
  template <class Part = UseDefault>
  auto distinct(Part part = {}, Where where = Where::current()) const {
    return self()
        .map([](T record) { return std::pair<T, char>(std::move(record), 0); }, where)
        .reduceByKey([](char a, char) { return a; }, part, where)
        .keys(where);
  }

  /// Sorted by f(record); equal ones keep their order inside a partition. Runs a job that samples the keys.
  /// Partition sizes are even also when most keys are equal.
  template <class F>
  auto sortBy(F f, bool ascending = true, int64_t partitions = 0, Where where = Where::current()) const {
    return self().keyBy(std::move(f), where).sortByKey(ascending, partitions, where).values(where);
  }
  template <class F, class A>
    requires closure::TakesBound<F, A, T>
  auto sortBy(F f, A a, Where where = Where::current()) const {
    return sortBy(closure::bind(std::move(f), std::move(a)), true, 0, where);
  }

  /// Records that occur in both, each once.
  template <class Other, class Part = UseDefault>
  auto intersection(const Other& other, Part part = {}, Where where = Where::current()) const {
    return marked(where)
        .cogroup(other.marked(where), part, where)
        .filter(
            [](const auto& sides) { return !std::get<0>(sides.second).empty() && !std::get<1>(sides.second).empty(); },
            where)
        .keys(where);
  }
  /// Records that do not occur in `other`, with their duplicates.
  template <class Other, class Part = UseDefault>
  auto subtract(const Other& other, Part part = {}, Where where = Where::current()) const {
    return marked(where).subtractByKey(other.marked(where), part, where).keys(where);
  }

  /// Each record as a key.
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
  /// Sorted by key: NaN last, equal keys in the order of the input inside a partition. Runs a job that samples the
  /// keys, then moves every pair once. Partition sizes are even also when most keys are equal.
  auto sortByKey(bool ascending = true, int64_t partitions = 0, Where where = Where::current()) const {
    requireSerializable<op::sortBy, T>();
    const int wanted =
        partitions != 0 ? checkedPartitions({"sortByKey", where}, partitions) : std::max(1, self().getNumPartitions());
    auto bounds = sampleBounds<K>(self(), wanted, where);
    const bool spread = hasEqualNeighbours(bounds);
    RangePartitioner<K> range(std::move(bounds), ascending);
    // Equal bounds mean a key too frequent for one partition. Its pairs are spread over several, so that the result is
    // no longer partitioned by key alone and does not claim to be.
    const int n = range.numPartitions();
    auto handle = spread ? std::nullopt : std::optional<Partitioner>(range);
    using Part = SpreadRangePartitioner<K>;
    auto shuffle = self().shuffleWith(
        PartitionPairs<K, V, Part>{{Located<Part>{{"sortByKey", where}, Part(std::move(range), spread)}}}, n);
    return makeRdd<T>(self().runner(), {"sortByKey", where}, n, {Dependency{nullptr, shuffle}},
                      ops::Sorted<K, V>{{ascending}}, std::move(handle));
  }

  /// Partitioned by `partitioner` and sorted by key inside each partition, in one shuffle.
  template <class Part>
  auto repartitionAndSortWithinPartitions(Part partitioner, Where where = Where::current()) const {
    auto chosen = choose<K>(self().runner(), partitioner, 0);
    const CallSite site("repartitionAndSortWithinPartitions", where);
    return makeRdd<T>(self().runner(), site, chosen.numPartitions(), {self().keyedBy(chosen, site)},
                      ops::Sorted<K, V>{}, handleOf(chosen));
  }

  /// The pairs with low <= key <= high; reads only the partitions that can hold some where the RDD is range
  /// partitioned.
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
