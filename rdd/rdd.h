// Cerium. Licensed under the Apache License 2.0.
// RDD<T>: a distributed collection of records, as a light handle on its lineage. Every operation below is a member of
// RDD<T> and of Chain (rdd/chain.h), which narrow operations return and which converts to an RDD<T>. Each is documented
// where it is declared; docs/rdd-guide.md introduces them.
//
//   Lazy, narrow: no data moves between partitions                                       rdd/api/transformations.h
//     map  flatMap  filter  mapPartitions  mapPartitionsWithIndex  glom  keyBy           record by record
//     zip  zipPartitions  zipWithIndex  zipWithUniqueId  cartesian                       several RDDs side by side
//     union_  operator+  coalesce  sample  randomSplit  pipe (save.h)  barrier
//   Lazy, by a shuffle of all records
//     repartition (transformations.h)  distinct  groupBy  sortBy                         rdd/api/key_operations.h
//     intersection  subtract
//   Lazy, on pairs (K, V)                                                                rdd/api/pair_operations.h
//     mapValues  flatMapValues  keys  values  sampleByKey                                narrow
//     reduceByKey  foldByKey  aggregateByKey  combineByKey                               combine on the map side first
//     groupByKey  partitionBy  sortByKey  filterByRange                                  (key_operations.h)
//     repartitionAndSortWithinPartitions
//     join  leftOuterJoin  rightOuterJoin  fullOuterJoin  cogroup  subtractByKey
//   Actions: run a job and wait                                                          rdd/api/actions.h
//     collect  toLocalIterator  count  first  take  takeSample  isEmpty
//     top  takeOrdered  max  min                                                         by order
//     reduce  fold  aggregate  treeReduce  treeAggregate                                 one value
//     foreach  foreachPartition                                                          side effects
//     collectAsync  countAsync  takeAsync  foreachAsync  foreachPartitionAsync           a FutureAction at once
//     countByValue  sum  mean  variance  stdev  stats  histogram  countApproxDistinct    rdd/api/statistics.h
//     countByKey  lookup  collectAsMap  reduceByKeyLocally                               on pairs
//     saveAsTextFile  saveAsObjectFile                                                   rdd/api/save.h
//   Storage, and what an RDD is                                                          rdd/api/basics.h
//     persist  cache  unpersist  getStorageLevel  checkpoint  localCheckpoint  isCheckpointed
//     id  name  setName  getNumPartitions  partitioner  dependencies  toDebugString  context
//
// A function may capture trivially copyable values; with(f, a, b, ...) binds values of any type (rdd/closure.h).
#pragma once

#include "rdd/api/chain_state.h"
#include "rdd/api/operations.h"
#include "rdd/common_types.h"

namespace cerium {

/// A distributed collection of records of type T. Copies share the lineage. Threads: may be used from any thread.
///   RDD<int64_t> evens = sc.range(0, 100).filter([](int64_t x) { return x % 2 == 0; });
template <class T>
class RDD : public api::Operations<RDD<T>, T> {
 public:
  using value_type = T;

  RDD(TypedNodePtr<T> node, JobRunnerPtr runner) : node_(std::move(node)), runner_(std::move(runner)) {}

  /// The number of partitions. Costs nothing.
  [[nodiscard]] int getNumPartitions() const { return node_->numPartitions(); }
  /// How pairs are spread over the partitions; nothing if that is not known.
  [[nodiscard]] std::optional<Partitioner> partitioner() const { return node_->partitioner(); }

  // The members below are for the engine.
  /// \cond
  [[nodiscard]] const TypedNodePtr<T>& node() const { return node_; }
  [[nodiscard]] const JobRunnerPtr& runner() const { return runner_; }
  [[nodiscard]] const RDD& rdd() const { return *this; }

  template <class U, class Op>
  auto append(Op op, bool keeps_partitioner) const {
    const CallSite site = op.f.site;
    api::ChainStatePtr state(
        static_cast<api::ChainState*>(new api::ChainStep<T, Op, U>(nullptr, op, site, runner_, keeps_partitioner)));
    return Chain<T, Op, U>(node_, std::move(op), std::move(state), runner_, site,
                           keeps_partitioner ? partitioner() : std::nullopt);
  }
  /// Calls `f(source node, pipe)` with the source and the pipe of a fused loop.
  template <class F>
  auto fused(F f) const {
    return f(node_, narrow::Identity());
  }
  /// A shuffle whose map side ends this RDD's loop with `writer`.
  template <class Writer>
  auto shuffleWith(Writer writer, int partitions) const {
    return runner_->newShuffle(node_, partitions, fusedBody<T>(node_, narrow::Identity(), std::move(writer)));
  }
  /// \endcond

 private:
  TypedNodePtr<T> node_;
  JobRunnerPtr runner_;
};

}  // namespace cerium

#include "rdd/chain.h"  // IWYU pragma: export
