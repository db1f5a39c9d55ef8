// Cerium. Licensed under the Apache License 2.0.
// Operations on RDDs of pairs (K, V). The last parameter of a wide operation is a number of partitions or a
// partitioner; without it, an existing partitioner is kept, or keys are hashed. If the parent is already partitioned as
// requested, no data moves.
#pragma once

#include "rdd/api/actions.h"
#include "rdd/api/default_partitioner.h"
#include "rdd/api/transformations.h"
#include "rdd/ops/cogroup.h"
#include "rdd/ops/join.h"
#include "rdd/ops/outer_join.h"

namespace cerium::api {

template <class Self, class T, class K = typename PairTraits<T>::Key, class V = typename PairTraits<T>::Value>
class PairOperations {
  template <class Part>
  using NotWhere = std::enable_if_t<!std::is_same_v<Part, Where>>;

 public:
  /// Applies `f` to each value and keeps the key. Narrow; keeps the partitioner.
  template <class F>
  auto mapValues(F f, Where where = Where::current()) const {
    closure::require<op::mapValues, F>();
    static_assert(narrow::RecordFunction<F, V>, "cerium: mapValues: the function cannot be called with a value");
    using U = narrow::ResultOf<F, V>;
    return self().template append<std::pair<K, U>>(narrow::MapValues<F>{located("mapValues", where, std::move(f))},
                                                   true);
  }
  template <class F, class A>
    requires(!std::is_same_v<A, Where>)
  auto mapValues(F f, A a, Where where = Where::current()) const {
    return mapValues(closure::bind(std::move(f), std::move(a)), where);
  }
  template <class F, class A, class B>
  auto mapValues(F f, A a, B b, Where where = Where::current()) const {
    return mapValues(closure::bind(std::move(f), std::move(a), std::move(b)), where);
  }
  /// Any number of values for each value, with the same key. Narrow; keeps the partitioner.
  template <class F>
  auto flatMapValues(F f, Where where = Where::current()) const {
    closure::require<op::flatMapValues, F>();
    static_assert(narrow::RecordFunction<F, V>, "cerium: flatMapValues: the function cannot be called with a value");
    using U =
        RecordType<typename RangeElement<decltype(narrow::callRecord(std::declval<F&>(), std::declval<V>()))>::type>;
    return self().template append<std::pair<K, U>>(
        narrow::FlatMapValues<U, F>{located("flatMapValues", where, std::move(f))}, true);
  }
  template <class F, class A>
  auto flatMapValues(F f, A a, Where where = Where::current()) const {
    return flatMapValues(closure::bind(std::move(f), std::move(a)), where);
  }
  /// The keys. Narrow.
  ///   counts.keys().collect();
  auto keys(Where where = Where::current()) const {
    return self().map([](auto&& pair) { return std::forward<decltype(pair)>(pair).first; }, where);
  }
  /// The values. Narrow.
  ///   counts.values().sum();
  auto values(Where where = Where::current()) const {
    return self().map([](auto&& pair) { return std::forward<decltype(pair)>(pair).second; }, where);
  }

  /// One value for each key, combined by `f`, which must be associative. Each partition combines its values first, so
  /// at most (keys x partitions) pairs move.
  ///   words.map([](auto w) { return std::pair(w, 1L); }).reduceByKey(std::plus<>());
  template <class F, class Part = UseDefault>
  RDD<std::pair<K, V>> reduceByKey(F f, Part part = {}, Where where = Where::current()) const {
    static_assert(closure::kAccumulates<F, V, V>, "cerium: reduceByKey: the function must take and return values");
    return combine<V>("reduceByKey", pipes_identity(), f, f, part, where);
  }
  template <class F, class A>
    requires closure::TakesBound<F, A, V, V> RDD<std::pair<K, V>> reduceByKey(F f, A a, Where where = Where::current())
  const { return reduceByKey(closure::bind(std::move(f), std::move(a)), UseDefault(), where); }
  /// As reduceByKey; each key of each partition starts from a copy of `zero`.
  template <class F, class Part = UseDefault>
  RDD<std::pair<K, V>> foldByKey(V zero, F f, Part part = {}, Where where = Where::current()) const {
    return combine<V>("foldByKey", StartFrom<V, F>{{Carried<V>{std::move(zero)}, located("foldByKey", where, f)}}, f, f,
                      part, where);
  }
  /// One U for each key: `seq(U, V)` within partitions and `comb(U, U)` between them. Each key of each partition starts
  /// from a copy of `zero`.
  template <class U, class Seq, class Comb, class Part = UseDefault>
  RDD<std::pair<K, U>> aggregateByKey(U zero, Seq seq, Comb comb, Part part = {},
                                      Where where = Where::current()) const {
    static_assert(closure::kAccumulates<Seq, U, V>, "cerium: aggregateByKey: seq must take (U, value) and return U");
    static_assert(closure::kAccumulates<Comb, U, U>, "cerium: aggregateByKey: comb must take (U, U) and return U");
    return combine<U>("aggregateByKey",
                      StartFrom<U, Seq>{{Carried<U>{std::move(zero)}, located("aggregateByKey", where, seq)}}, seq,
                      comb, part, where);
  }
  /// The general aggregation: `create(V) -> C`, `merge_value(C, V) -> C`, `merge_combiners(C, C) -> C`.
  template <class Create, class MergeV, class MergeC, class Part = UseDefault>
  auto combineByKey(Create create, MergeV merge_value, MergeC merge_combiners, Part part = {},
                    Where where = Where::current()) const {
    using C = std::decay_t<std::invoke_result_t<Create&, V>>;
    return combine<C>("combineByKey", std::move(create), std::move(merge_value), std::move(merge_combiners), part,
                      where);
  }

  /// All values of each key, in map order. Moves every value. Groups that exceed the memory budget spill, but one key's
  /// group must fit into memory. Prefer reduceByKey or aggregateByKey if they are possible.
  template <class Part = UseDefault>
  RDD<std::pair<K, std::vector<V>>> groupByKey(Part part = {}, Where where = Where::current()) const {
    auto [dependency, partitioner] = toPartitioner(part, {"groupByKey", where});
    return makeRdd<std::pair<K, std::vector<V>>>(runner(), {"groupByKey", where}, partitioner.numPartitions(),
                                                 {dependency}, ops::Grouped<K, V>{}, partitioner);
  }

  /// The same pairs, partitioned by `part`. Moves every pair.
  template <class Part>
  RDD<T> partitionBy(Part part, Where where = Where::current()) const {
    auto [dependency, partitioner] = toPartitioner(part, {"partitionBy", where});
    if (dependency.narrow) return self().rdd();
    return makeRdd<T>(runner(), {"partitionBy", where}, partitioner.numPartitions(), {dependency},
                      ops::Repartitioned<K, V>{}, partitioner);
  }

  /// How many pairs each key has, as a map on the driver.
  CountMap<K> countByKey(Where where = Where::current()) const { return self().keys(where).countByValue(where); }
  /// As reduceByKey, with the result as a map on the driver. Values are combined by a shuffle first.
  template <class F>
  ResultMap<K, V> reduceByKeyLocally(F f, Where where = Where::current()) const {
    ResultMap<K, V> all;
    reduceByKey(f, UseDefault(), where).gather("reduceByKeyLocally", where, [&all](std::pair<K, V>&& pair) {
      all.emplace(std::move(pair));
    });
    return all;
  }
  /// The pairs as a map on the driver. For a key with several values, the last value stays.
  ResultMap<K, V> collectAsMap(Where where = Where::current()) const {
    ResultMap<K, V> all;
    self().gather("collectAsMap", where, [&all](std::pair<K, V>&& pair) {
      all.insert_or_assign(std::move(pair.first), std::move(pair.second));
    });
    return all;
  }
  /// The values of a key. With a partitioner, only the key's partition is read.
  std::vector<V> lookup(const K& key, Where where = Where::current()) const {
    auto pick = [](PartitionRecords<T>& records, const K& wanted) {
      std::vector<V> found;
      for (const T& pair : records) {
        if (KeyEqual()(pair.first, wanted)) found.push_back(pair.second);
      }
      return found;
    };
    auto partitions = allPartitions(self().getNumPartitions());
    if (auto partitioner = self().partitioner()) {
      if (const auto* hash = partitioner->template as<HashPartitioner>()) partitions = {hash->getPartition(key)};
      if constexpr (Ordered<K>) {
        if (const auto* range = partitioner->template as<RangePartitioner<K>>())
          partitions = {range->getPartition(key)};
      }
    }
    std::vector<V> found;
    for (auto& part : self().runPartitions(closure::bind(pick, key), partitions, where)) {
      for (auto&& value : part) found.push_back(std::move(value));
    }
    return found;
  }

  /// For each key the values of both sides: pair<K, tuple<vector<V>, vector<W>>>. Moves the sides that are not
  /// partitioned yet.
  template <class Other, class Part = UseDefault>
    requires(!IsRdd<Part>)
  auto cogroup(const Other& other, Part part = {}, Where where = Where::current()) const {
    return cogroupAll("cogroup", part, where, other);
  }
  template <class B, class C, class Part = UseDefault>
    requires(IsRdd<C> && !IsRdd<Part>)
  auto cogroup(const B& b, const C& c, Part part = {}, Where where = Where::current()) const {
    return cogroupAll("cogroup", part, where, b, c);
  }
  template <class B, class C, class D, class Part = UseDefault>
    requires(IsRdd<C>&& IsRdd<D> && !IsRdd<Part>)
  auto cogroup(const B& b, const C& c, const D& d, Part part = {}, Where where = Where::current()) const {
    return cogroupAll("cogroup", part, where, b, c, d);
  }

  /// Each pair of values with the same key: pair<K, pair<V, W>>. The right side of a partition is held in memory, or on
  /// disk if it does not fit.
  template <class Other, class Part = UseDefault>
  auto join(const Other& other, Part part = {}, Where where = Where::current()) const {
    requireSameKey<Other>();
    using W = typename PairTraits<typename Other::value_type>::Value;
    auto partitioner = amongParents(part, other);
    return makeRdd<std::pair<K, std::pair<V, W>>>(
        runner(), {"join", where}, partitioner.numPartitions(),
        {self().keyedBy(partitioner, {"join", where}), other.keyedBy(partitioner, {"join", where})},
        ops::Join<K, V, W>{}, handleOf(partitioner));
  }
  /// Every left pair, with or without a right value: pair<K, pair<V, optional<W>>>.
  template <class Other, class Part = UseDefault>
  auto leftOuterJoin(const Other& other, Part part = {}, Where where = Where::current()) const {
    using W = typename PairTraits<typename Other::value_type>::Value;
    return outerJoin<ops::Outer::kLeft, W>("leftOuterJoin", part, where, other);
  }
  /// Every right pair, with or without a left value: pair<K, pair<optional<V>, W>>.
  template <class Other, class Part = UseDefault>
  auto rightOuterJoin(const Other& other, Part part = {}, Where where = Where::current()) const {
    using W = typename PairTraits<typename Other::value_type>::Value;
    return outerJoin<ops::Outer::kRight, W>("rightOuterJoin", part, where, other);
  }
  /// Every pair of both sides: pair<K, pair<optional<V>, optional<W>>>.
  template <class Other, class Part = UseDefault>
  auto fullOuterJoin(const Other& other, Part part = {}, Where where = Where::current()) const {
    using W = typename PairTraits<typename Other::value_type>::Value;
    return outerJoin<ops::Outer::kFull, W>("fullOuterJoin", part, where, other);
  }
  /// The pairs whose key does not occur in `other`.
  template <class Other, class Part = UseDefault>
  auto subtractByKey(const Other& other, Part part = {}, Where where = Where::current()) const {
    using W = typename PairTraits<typename Other::value_type>::Value;
    return cogroupAll("subtractByKey", part, where, other)
        .flatMapValues(
            [](const GroupsWith<W>& sides) {
              return std::get<1>(sides).empty() ? std::get<0>(sides) : std::vector<V>();
            },
            where);
  }

  /// A sample with a fraction for each key (0 for keys that are not named). The same for the same seed.
  template <class Fractions>
  auto sampleByKey(bool with_replacement, const Fractions& fractions, uint64_t seed = 42,
                   Where where = Where::current()) const {
    std::vector<std::pair<K, double>> table;
    for (const auto& [key, fraction] : fractions) table.emplace_back(key, fraction);
    return self().mapPartitionsWithIndex(
        closure::bind(
            [](int p, PartitionRecords<T>& records, const std::vector<std::pair<K, double>>& known, bool again,
               uint64_t s) {
              std::unordered_map<K, double, Hash<K>, KeyEqual> by_key(known.begin(), known.end());
              Random random(s, static_cast<uint64_t>(p));
              std::vector<T> out;
              for (const T& pair : records) {
                auto found = by_key.find(pair.first);
                const double fraction = found == by_key.end() ? 0 : found->second;
                int copies = again ? random.poisson(fraction) : (random.uniform() < fraction ? 1 : 0);
                for (; copies > 0; --copies) out.push_back(pair);
              }
              return out;
            },
            std::move(table), with_replacement, seed),
        true, where);
  }

  auto sampleByKey(bool with_replacement, std::initializer_list<std::pair<K, double>> fractions, uint64_t seed = 42,
                   Where where = Where::current()) const {
    return sampleByKey(with_replacement, std::vector<std::pair<K, double>>(fractions), seed, where);
  }

  /// The dependency to read this RDD partitioned by `partitioner`: narrow if it is partitioned so already, else a
  /// shuffle.
  template <class Part>
  Dependency keyedBy(const Part& partitioner, const CallSite& site) const {
    requireSerializable<op::shuffle, T>();
    if (self().partitioner() == handleOf(partitioner)) return narrowOn(self().node());
    using Writer = ops_writer<Part>;
    return {nullptr, self().template shuffleWith<Writer>(Writer{{Located<Part>{site, partitioner}}},
                                                         partitioner.numPartitions())};
  }

 private:
  template <class Other>
  static constexpr void requireSameKey() {
    static_assert(std::is_same_v<K, typename PairTraits<typename Other::value_type>::Key>,
                  "cerium: cogroup and joins need the same key type on all sides");
  }

  template <class Part>
  using ops_writer = PartitionPairs<K, V, Part>;
  template <class W>
  using GroupsWith = std::tuple<std::vector<V>, std::vector<W>>;

  /// combineByKey's `create` for an aggregation from a zero value.
  template <class U, class Seq>
  struct StartFrom : Parts<Carried<U>, Located<Seq>> {
    template <class X>
    U operator()(X&& value) {
      return closure::accumulate(this->template part<1>(), U(this->template part<0>().value), std::forward<X>(value));
    }
    static StartFrom decode(Reader& in) { return {StartFrom::decodeMembers(in)}; }
  };
  static auto pipes_identity() {
    return [](auto&& value) -> V { return std::forward<decltype(value)>(value); };
  }

  template <class C, class Create, class MergeV, class MergeC, class Part>
  RDD<std::pair<K, C>> combine(const char* name, Create create, MergeV merge_value, MergeC merge_combiners,
                               const Part& part, const Where& where) const {
    requireSerializable<op::shuffle, std::pair<K, C>>();
    closure::require<op::shuffle, Create>();
    closure::require<op::shuffle, MergeV>();
    closure::require<op::shuffle, MergeC>();
    auto make = located(name, where, std::move(create));
    auto merge = located(name, where, std::move(merge_value));
    auto merge_c = located(name, where, std::move(merge_combiners));
    auto existing = self().partitioner();
    if constexpr (std::is_same_v<Part, UseDefault>) {
      if (existing) return combineInPlace<C>(name, make, merge, merge_c, *existing, where);
    }
    auto partitioner = choose<K>(runner(), part, self().getNumPartitions());
    if (existing == handleOf(partitioner)) return combineInPlace<C>(name, make, merge, merge_c, *existing, where);
    using P = decltype(partitioner);
    using Writer = CombinePairs<K, V, C, Create, MergeV, P>;
    auto shuffle = self().template shuffleWith<Writer>(Writer{{make, merge, Located<P>{{name, where}, partitioner}}},
                                                       partitioner.numPartitions());
    return makeRdd<std::pair<K, C>>(runner(), {name, where}, partitioner.numPartitions(),
                                    {Dependency{nullptr, shuffle}}, ops::Aggregated<K, C, MergeC>{{merge_c}},
                                    handleOf(partitioner));
  }

  template <class C, class Create, class MergeV, class MergeC>
  RDD<std::pair<K, C>> combineInPlace(const char* name, Located<Create> create, Located<MergeV> merge_value,
                                      Located<MergeC> merge_combiners, const Partitioner& existing,
                                      const Where& where) const {
    return makeRdd<std::pair<K, C>>(
        runner(), {name, where}, self().getNumPartitions(), {narrowOn(self().node())},
        ops::CombinedInPlace<K, V, C, Create, MergeV, MergeC>{{create, merge_value, merge_combiners}}, existing);
  }

  /// The dependency and the partitioner of an operation on one parent that does not combine.
  template <class Part>
  std::pair<Dependency, Partitioner> toPartitioner(const Part& part, const CallSite& site) const {
    requireSerializable<op::shuffle, T>();
    if constexpr (std::is_same_v<Part, UseDefault>) {
      if (auto existing = self().partitioner()) return {narrowOn(self().node()), *existing};
    }
    auto partitioner = choose<K>(runner(), part, self().getNumPartitions());
    return {keyedBy(partitioner, site), handleOf(partitioner)};
  }

  template <class Part, class... Others>
  auto amongParents(const Part& part, const Others&... others) const {
    return chooseAmong<K>(
        runner(), part,
        {{self().partitioner(), self().getNumPartitions()}, {others.partitioner(), others.getNumPartitions()}...});
  }

  template <class Part, class... Others>
  auto cogroupAll(const char* name, const Part& part, const Where& where, const Others&... others) const {
    using Body = ops::Cogroup<K, V, typename PairTraits<typename Others::value_type>::Value...>;
    return grouped<std::pair<K, typename Body::Groups>, Body>({name, where}, part, others...);
  }
  template <ops::Outer kKind, class W, class Part, class Other>
  auto outerJoin(const char* name, const Part& part, const Where& where, const Other& other) const {
    using Body = ops::OuterJoin<K, V, W, kKind>;
    return grouped<typename Body::Unfolded::record_type, Body>({name, where}, part, other);
  }
  /// An operation, computed by `Body`, that reads this RDD and others by key.
  template <class R, class Body, class Part, class... Others>
  RDD<R> grouped(const CallSite& site, const Part& part, const Others&... others) const {
    (requireSameKey<Others>(), ...);
    auto partitioner = amongParents(part, others...);
    return makeRdd<R>(runner(), site, partitioner.numPartitions(),
                      {self().keyedBy(partitioner, site), others.keyedBy(partitioner, site)...}, Body{},
                      handleOf(partitioner));
  }

  const Self& self() const { return static_cast<const Self&>(*this); }
  const JobRunnerPtr& runner() const { return self().runner(); }
};

/// RDDs of records that are not pairs have no pair operations.
template <class Self, class T>
class PairOperations<Self, T, void, void> {};

}  // namespace cerium::api
