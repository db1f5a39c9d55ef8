// Cerium. Licensed under the Apache License 2.0.
// treeAggregate and treeReduce: executors combine the results of many partitions before the driver gets them.
#pragma once

#include <cmath>

#include "rdd/api/pair_operations.h"

namespace cerium::api {

/// Folds a partition into one (group, U). The group is the partition's number modulo `groups`.
template <class T, class U, class Seq>
struct FoldPartition : Parts<Carried<U>, Located<Seq>, Carried<int>> {
  std::vector<std::pair<int, U>> operator()(int p, PartitionRecords<T>& records) {
    U result = this->template part<0>().value;
    for (const T& record : records) result = closure::accumulate(this->template part<1>(), std::move(result), record);
    std::vector<std::pair<int, U>> one;
    one.emplace_back(p % this->template part<2>().value, std::move(result));
    return one;
  }
  static FoldPartition decode(Reader& in) { return {FoldPartition::decodeMembers(in)}; }
};

/// Combines two values, either of which may be missing.
template <class T, class F>
struct MergeMaybe : Parts<Located<F>> {
  std::optional<T> operator()(std::optional<T> a, std::optional<T> b) {
    if (!a || !b) return a ? std::move(a) : std::move(b);
    return closure::accumulate(this->template part<0>(), std::move(*a), std::move(*b));
  }
  static MergeMaybe decode(Reader& in) { return {MergeMaybe::decodeMembers(in)}; }
};

template <class Self, class T>
template <class U, class Seq, class Comb>
U Actions<Self, T>::treeAggregate(U zero, Seq seq, Comb comb, int depth, Where where) const {
  if (depth < 1) throw InvalidArgument(CallSite("treeAggregate", where).str() + ": the depth must be at least 1");
  int partitions = self().getNumPartitions();
  if (partitions == 0) return zero;
  const int scale = std::max(2, static_cast<int>(std::ceil(std::pow(partitions, 1.0 / depth))));
  if (partitions <= scale + partitions / scale) return aggregate(std::move(zero), seq, comb, where);
  partitions /= scale;
  RDD<std::pair<int, U>> partial =
      self()
          .mapPartitionsWithIndex(FoldPartition<T, U, Seq>{{Carried<U>{zero}, located("treeAggregate", where, seq),
                                                            Carried<int>{partitions}}},
                                  false, where)
          .reduceByKey(comb, partitions, where);
  while (partitions > scale + partitions / scale) {
    partitions /= scale;
    partial = partial
                  .map([](std::pair<int, U> one,
                          int groups) { return std::pair<int, U>(one.first % groups, std::move(one.second)); },
                       partitions, where)
                  .reduceByKey(comb, partitions, where);
  }
  U result = std::move(zero);
  for (auto& [group, part] : partial.collect(where))
    result = closure::accumulate(comb, std::move(result), std::move(part));
  return result;
}

template <class Self, class T>
template <class F>
T Actions<Self, T>::treeReduce(F f, int depth, Where where) const {
  using Maybe = std::optional<T>;
  MergeMaybe<T, F> merge{{located("treeReduce", where, f)}};
  Maybe result = self()
                     .map([](T record) { return Maybe(std::move(record)); }, where)
                     .treeAggregate(Maybe(), merge, merge, depth, where);
  if (!result) throw EmptyCollection(CallSite("treeReduce", where).str() + ": the RDD has no records");
  return std::move(*result);
}

}  // namespace cerium::api
