// Cerium. Licensed under the Apache License 2.0.
// Lazy operations on any RDD<T> and any chain. Nothing runs until an action is called.
#pragma once

#include "rdd/api/emit_type.h"
#include "rdd/api/support.h"
#include "rdd/ops/narrow.h"
#include "rdd/ops/partitions.h"
#include "rdd/ops/shuffled.h"
#include "rdd/shuffle/map_side.h"

namespace cerium::api {

/// The narrow and partition-wise operations. `Self` is RDD<T> or a Chain and has node(), runner(), append(op) and
/// fused(f).
template <class Self, class T>
class Transformations {
 public:
  /// One record for each record. Narrow. Values after `f` are bound: map(f, a) calls f(record, a).
  ///   sc.range(0, 4).map([](int64_t x) { return x * x; }).collect();  // 0 1 4 9
  template <class F>
  auto map(F f, Where where = Where::current()) const {
    closure::require<op::map, F>();
    static_assert(narrow::RecordFunction<F, T>,
                  "cerium: map: the function cannot be called with a record of this type");
    using U = narrow::ResultOf<F, T>;
    static_assert(!std::is_void_v<U>, "cerium: map: the function returns nothing; use foreach for side effects");
    return self().template append<U>(narrow::Map<F>{located("map", where, std::move(f))}, false);
  }
  template <class F, class A>
  auto map(F f, A a, Where where = Where::current()) const {
    return map(closure::bind(std::move(f), std::move(a)), where);
  }
  template <class F, class A, class B>
  auto map(F f, A a, B b, Where where = Where::current()) const {
    return map(closure::bind(std::move(f), std::move(a), std::move(b)), where);
  }
  template <class F, class A, class B, class C>
  auto map(F f, A a, B b, C c, Where where = Where::current()) const {
    return map(closure::bind(std::move(f), std::move(a), std::move(b), std::move(c)), where);
  }

  /// The records for which `f` returns true. Narrow; keeps the partitioner.
  template <class F>
  auto filter(F f, Where where = Where::current()) const {
    closure::require<op::filter, F>();
    static_assert(narrow::RecordFunction<F, const T>, "cerium: filter: the function cannot be called with a record");
    return self().template append<T>(narrow::Filter<F>{located("filter", where, std::move(f))}, true);
  }
  template <class F, class A>
  auto filter(F f, A a, Where where = Where::current()) const {
    return filter(closure::bind(std::move(f), std::move(a)), where);
  }
  template <class F, class A, class B>
  auto filter(F f, A a, B b, Where where = Where::current()) const {
    return filter(closure::bind(std::move(f), std::move(a), std::move(b)), where);
  }
  template <class F, class A, class B, class C>
  auto filter(F f, A a, B b, C c, Where where = Where::current()) const {
    return filter(closure::bind(std::move(f), std::move(a), std::move(b), std::move(c)), where);
  }

  /// Any number of records for each record. Narrow. `f` returns a range (or an optional), or is called as f(record,
  /// emit) and calls emit(result). In the second form, `Emitted` names the result type if it cannot be deduced.
  template <class Emitted = void, class F>
  auto flatMap(F f, Where where = Where::current()) const {
    closure::require<op::flatMap, F>();
    if constexpr (narrow::RecordFunction<F, T>) {
      using U =
          RecordType<typename RangeElement<decltype(narrow::callRecord(std::declval<F&>(), std::declval<T>()))>::type>;
      return self().template append<U>(narrow::FlatMap<U, F>{located("flatMap", where, std::move(f))}, false);
    } else {
      using U = typename EmittedType<Emitted, F, T>::type;
      return self().template append<U>(narrow::FlatMapEmit<U, F>{located("flatMap", where, std::move(f))}, false);
    }
  }
  template <class Emitted = void, class F, class A>
  auto flatMap(F f, A a, Where where = Where::current()) const {
    return flatMap<Emitted>(closure::bind(std::move(f), std::move(a)), where);
  }
  template <class Emitted = void, class F, class A, class B>
  auto flatMap(F f, A a, B b, Where where = Where::current()) const {
    return flatMap<Emitted>(closure::bind(std::move(f), std::move(a), std::move(b)), where);
  }

  /// (f(x), x) for each record x. Narrow.
  template <class F>
  auto keyBy(F f, Where where = Where::current()) const {
    closure::require<op::keyBy, F>();
    static_assert(narrow::RecordFunction<F, T>, "cerium: keyBy: the function cannot be called with a record");
    using K = narrow::ResultOf<F, const T&>;
    static_assert(!std::is_void_v<K>, "cerium: keyBy: the function returns nothing; it has to return a key");
    return self().template append<std::pair<K, T>>(KeyBy<F>{located("keyBy", where, std::move(f))}, false);
  }
  template <class F, class A>
  auto keyBy(F f, A a, Where where = Where::current()) const {
    return keyBy(closure::bind(std::move(f), std::move(a)), where);
  }

  /// Calls `f` with an iterable of a partition's records, which is read once and not held in memory; `f` returns any
  /// range. Narrow.
  ///   rdd.mapPartitions([](auto records) { long n = 0; for (auto& r : records) ++n; return std::vector{n}; })
  template <class F>
  auto mapPartitions(F f, bool preserves_partitioning = false, Where where = Where::current()) const {
    return partitionsOp<false, false>("mapPartitions", std::move(f), preserves_partitioning, where);
  }
  template <class F, class A>
    requires closure::TakesBound < F, A, PartitionRecords<T>
  & > auto mapPartitions(F f, A a, Where where = Where::current()) const {
    return partitionsOp<false, false>("mapPartitions", closure::bind(std::move(f), std::move(a)), false, where);
  }
  template <class F, class A, class B>
  auto mapPartitions(F f, A a, B b, Where where = Where::current()) const {
    return partitionsOp<false, false>("mapPartitions", closure::bind(std::move(f), std::move(a), std::move(b)), false,
                                      where);
  }
  /// As mapPartitions; `f` is called with (partition number, records).
  template <class F>
  auto mapPartitionsWithIndex(F f, bool preserves_partitioning = false, Where where = Where::current()) const {
    return partitionsOp<true, false>("mapPartitionsWithIndex", std::move(f), preserves_partitioning, where);
  }
  template <class F, class A>
    requires closure::TakesBound < F, A, int, PartitionRecords<T>
  & > auto mapPartitionsWithIndex(F f, A a, Where where = Where::current()) const {
    return partitionsOp<true, false>("mapPartitionsWithIndex", closure::bind(std::move(f), std::move(a)), false, where);
  }

  template <class F, class A, class B>
  auto mapPartitionsWithIndex(F f, A a, B b, Where where = Where::current()) const {
    return partitionsOp<true, false>("mapPartitionsWithIndex", closure::bind(std::move(f), std::move(a), std::move(b)),
                                     false, where);
  }

  /// One record for each partition: the vector of its records.
  RDD<std::vector<T>> glom(Where where = Where::current()) const {
    auto gather = [](PartitionRecords<T>& records) {
      std::vector<std::vector<T>> all(1);
      for (const T& record : records) all[0].push_back(record);
      return all;
    };
    return partitionsOp<false, false>("glom", gather, false, where);
  }

  /// Pairs the records of both RDDs by position. Both must have the same number of partitions, and of records in each.
  template <class Other>
  auto zip(const Other& other, Where where = Where::current()) const {
    using U = typename Other::value_type;
    samePartitions("zip", other, where);
    return makeRdd<std::pair<T, U>>(runner(), {"zip", where}, self().getNumPartitions(),
                                    {narrowOn(self().node()), narrowOn(other.node())}, ops::Zip<T, U>{});
  }

  /// Calls `f(left records, right records)` for each pair of partitions; `f` returns a range.
  template <class Other, class F>
  auto zipPartitions(const Other& other, F f, Where where = Where::current()) const {
    using U = typename Other::value_type;
    closure::require<op::zipPartitions, F>();
    samePartitions("zipPartitions", other, where);
    using R = ops::ElementOf<std::invoke_result_t<F&, PartitionRecords<T>&, PartitionRecords<U>&>>;
    return makeRdd<R>(runner(), {"zipPartitions", where}, self().getNumPartitions(),
                      {narrowOn(self().node()), narrowOn(other.node())},
                      ops::ZipPartitions<T, U, R, F>{{located("zipPartitions", where, std::move(f))}});
  }

  /// (record, its position in the whole RDD). With more than one partition, runs a job that counts records.
  RDD<std::pair<T, int64_t>> zipWithIndex(Where where = Where::current()) const {
    const int n = self().getNumPartitions();
    std::vector<int64_t> begins(static_cast<size_t>(n), 0);
    if (n > 1) {
      auto counts = self().countPartitions(n - 1, where);
      for (size_t i = 1; i < begins.size(); ++i) begins[i] = begins[i - 1] + counts[i - 1];
    }
    return numbered("zipWithIndex", std::move(begins), 1, where);
  }

  /// (record, a unique number): k, n+k, 2n+k, ... in partition k of n. Runs no job.
  RDD<std::pair<T, int64_t>> zipWithUniqueId(Where where = Where::current()) const {
    const int n = self().getNumPartitions();
    std::vector<int64_t> begins;
    for (int i = 0; i < n; ++i) begins.push_back(i);
    return numbered("zipWithUniqueId", std::move(begins), n, where);
  }

  /// All records of both RDDs, including duplicates. Narrow. Keeps the partitioner if both have the same.
  template <class Other>
  RDD<T> union_(const Other& other, Where where = Where::current()) const {
    static_assert(std::is_same_v<T, typename Other::value_type>, "cerium: union_: the record types differ");
    return unionOf<T>(runner(), {self().rdd(), other.rdd()}, where);
  }
  /// union_().
  template <class Other>
    requires requires { typename Other::value_type; }
  RDD<T> operator+(const Other& other) const { return union_(other); }

  /// Fewer partitions without a shuffle, by joining neighbouring partitions. More partitions only with `shuffle`.
  RDD<T> coalesce(int64_t wanted, bool shuffle = false, Where where = Where::current()) const {
    const int partitions = checkedPartitions({"coalesce", where}, wanted);
    if (shuffle) return repartition(partitions, where);
    const int parents = self().getNumPartitions();
    if (partitions >= parents) return self().rdd();
    return makeRdd<T>(runner(), {"coalesce", where}, partitions, {narrowOn(self().node())},
                      ops::Coalesce<T>{parents, partitions});
  }

  /// Exactly `wanted` partitions of even size. Moves every record.
  RDD<T> repartition(int64_t wanted, Where where = Where::current()) const {
    requireSerializable<op::shuffle, T>();
    const int partitions = checkedPartitions({"repartition", where}, wanted);
    using Writer = SpreadEvenly<T>;
    auto shuffle = self().template shuffleWith<Writer>(Writer{{Carried<int>{partitions}}}, partitions);
    return makeRdd<T>(runner(), {"repartition", where}, partitions, {Dependency{nullptr, shuffle}}, ops::Unkeyed<T>{});
  }

  /// Each record with probability `fraction` (with replacement: `fraction` times on average). The same for the same
  /// seed.
  RDD<T> sample(bool with_replacement, double fraction, uint64_t seed = 42, Where where = Where::current()) const {
    if (!(fraction >= 0) || (!with_replacement && fraction > 1)) {
      throw InvalidArgument(CallSite("sample", where).str() + ": the fraction is " + std::to_string(fraction) +
                            "; it must be at least 0, and at most 1 without replacement");
    }
    return sampleOf(ops::Sample<T>{with_replacement, 0, fraction, seed}, "sample", where);
  }

  /// Splits the RDD by weights into RDDs that together have all records. The same for the same seed.
  std::vector<RDD<T>> randomSplit(const std::vector<double>& weights, uint64_t seed = 42,
                                  Where where = Where::current()) const {
    double sum = 0;
    for (double weight : weights) {
      if (!(weight >= 0)) throw InvalidArgument(CallSite("randomSplit", where).str() + ": a weight is negative");
      sum += weight;
    }
    if (!(sum > 0)) throw InvalidArgument(CallSite("randomSplit", where).str() + ": the weights add up to 0");
    std::vector<RDD<T>> parts;
    double low = 0;
    for (size_t i = 0; i < weights.size(); ++i) {
      const double high = i + 1 == weights.size() ? 1.0 : low + weights[i] / sum;
      parts.push_back(sampleOf(ops::Sample<T>{false, low, high, seed}, "randomSplit", where));
      low = high;
    }
    return parts;
  }

  /// Every pair of a record of this RDD and a record of `other`: n * m partitions.
  template <class Other>
  auto cartesian(const Other& other, Where where = Where::current()) const {
    using U = typename Other::value_type;
    const int right = other.getNumPartitions();
    const int partitions = checkedTotal({"cartesian", where}, int64_t{self().getNumPartitions()} * right);
    return makeRdd<std::pair<T, U>>(runner(), {"cartesian", where}, partitions,
                                    {narrowOn(self().node()), narrowOn(other.node())}, ops::Cartesian<T, U>{right});
  }

  /// Operations in a barrier stage, whose tasks all run at the same time (see BarrierTaskContext).
  auto barrier() const { return Barrier{self()}; }

 private:
  template <class F>
  struct KeyBy : narrow::OneFunction<KeyBy<F>, F> {
    template <class X, class Emit>
    void operator()(X&& x, Emit emit) {
      using K = narrow::ResultOf<F, const T&>;
      K key = narrow::callRecord(this->f, static_cast<const T&>(x));
      emit(std::pair<K, T>(std::move(key), std::forward<X>(x)));
    }
  };

  /// The map side of repartition: round robin from a start that depends on the partition, so that small partitions do
  /// not all begin with reduce partition 0. Depends on positions only, so a recomputed partition gives the same output.
  template <class R>
  struct SpreadEvenly : Parts<Carried<int>> {
    static constexpr bool kIsMapSide = true;
    template <class In>
    MapOutput run(TaskContext& task, In& input) {
      const int n = this->template part<0>().value;
      ShuffleWriter<std::pair<int, R>> writer(task, n);
      int at = static_cast<int>(Random(0, static_cast<uint64_t>(task.partitionId())).below(static_cast<uint64_t>(n)));
      input.forEach([&](auto&& record) {
        writer.add(at, std::pair<int, R>(at, std::forward<decltype(record)>(record)));
        at = at + 1 == n ? 0 : at + 1;
      });
      return writer.finish();
    }
    static SpreadEvenly decode(Reader& in) { return {SpreadEvenly::decodeMembers(in)}; }
  };

  struct Barrier {
    Self rdd;
    template <class F>
    auto mapPartitions(F f, Where where = Where::current()) const {
      return rdd.template partitionsOp<false, true>("mapPartitions", std::move(f), false, where);
    }
    template <class F, class A>
    auto mapPartitions(F f, A a, Where where = Where::current()) const {
      return mapPartitions(closure::bind(std::move(f), std::move(a)), where);
    }
    template <class F>
    auto mapPartitionsWithIndex(F f, Where where = Where::current()) const {
      return rdd.template partitionsOp<true, true>("mapPartitionsWithIndex", std::move(f), false, where);
    }
  };

  template <bool WithIndex, bool AsBarrier, class F>
  auto partitionsOp(const char* name, F f, bool keeps, const Where& where) const {
    closure::require<op::mapPartitions, F>();
    using Body = ops::MapPartitions<T, int, F, WithIndex, AsBarrier>;
    using U =
        ops::ElementOf<decltype(Body::callOn(std::declval<Located<F>&>(), 0, std::declval<PartitionRecords<T>&>()))>;
    return makeRdd<U>(runner(), {name, where}, self().getNumPartitions(), {narrowOn(self().node())},
                      ops::MapPartitions<T, U, F, WithIndex, AsBarrier>{{located(name, where, std::move(f))}},
                      keeps ? self().partitioner() : std::nullopt);
  }

  template <class Other>
  void samePartitions(const char* name, const Other& other, const Where& where) const {
    if (self().getNumPartitions() == other.getNumPartitions()) return;
    throw InvalidArgument(CallSite(name, where).str() + ": the RDDs have " + std::to_string(self().getNumPartitions()) +
                          " and " + std::to_string(other.getNumPartitions()) +
                          " partitions; they must have the same number");
  }

  RDD<std::pair<T, int64_t>> numbered(const char* name, std::vector<int64_t> begins, int64_t step,
                                      const Where& where) const {
    return makeRdd<std::pair<T, int64_t>>(runner(), {name, where}, self().getNumPartitions(), {narrowOn(self().node())},
                                          ops::Numbered<T>{std::move(begins), step});
  }

  RDD<T> sampleOf(ops::Sample<T> body, const char* name, const Where& where) const {
    return makeRdd<T>(runner(), {name, where}, self().getNumPartitions(), {narrowOn(self().node())}, body,
                      self().partitioner());
  }

  const Self& self() const { return static_cast<const Self&>(*this); }
  const JobRunnerPtr& runner() const { return self().runner(); }
};

/// All partitions of `rdds`, in order; see Transformations::union_.
template <class T>
RDD<T> unionOf(const JobRunnerPtr& runner, const std::vector<RDD<T>>& rdds, const Where& where) {
  std::vector<Dependency> parents;
  std::vector<int> begins;
  int64_t partitions = 0;
  bool alike = !rdds.empty() && rdds[0].partitioner().has_value();
  for (const RDD<T>& rdd : rdds) {
    parents.push_back(narrowOn(rdd.node()));
    begins.push_back(static_cast<int>(std::min<int64_t>(partitions, std::numeric_limits<int>::max())));
    partitions += rdd.getNumPartitions();
    alike = alike && rdd.partitioner() == rdds[0].partitioner();
  }
  if (alike) {
    return makeRdd<T>(runner, {"union", where}, rdds[0].getNumPartitions(), std::move(parents), ops::UnionAlike<T>{},
                      rdds[0].partitioner());
  }
  return makeRdd<T>(runner, {"union", where}, checkedTotal({"union", where}, partitions), std::move(parents),
                    ops::Union<T>{std::move(begins)});
}

}  // namespace cerium::api
