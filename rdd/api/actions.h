// Cerium. Licensed under the Apache License 2.0.
// Actions: operations that run a job and return its result. Each blocks until the job has ended and throws JobFailed if
// it failed; the `Async` ones return at once.
#pragma once

#include <functional>
#include <unordered_map>

#include "rdd/api/future_action.h"
#include "rdd/api/support.h"
#include "rdd/api/take_sample.h"
#include "rdd/ops/result_sinks.h"

namespace cerium::api {

template <class T>
using CountMap = ResultMap<T, int64_t>;

/// `less` with its arguments exchanged.
template <class Less>
struct Reversed : Parts<Located<Less>> {
  template <class X>
  bool operator()(const X& a, const X& b) {
    return this->template part<0>()(b, a);
  }
  static Reversed decode(Reader& in) { return {Reversed::decodeMembers(in)}; }
};

template <class Self, class T>
class Actions {
 public:
  /// All records, in the order of partitions. They must fit into the driver's memory.
  std::vector<T> collect(Where where = Where::current()) const {
    requireSerializable<op::collect, T>();
    return concat(run("collect", ops::Collect<T>{}, where).wait());
  }
  /// The number of records.
  int64_t count(Where where = Where::current()) const { return total(run("count", ops::Count{}, where).wait()); }

  /// collect() in the background.
  FutureAction<std::vector<T>> collectAsync(Where where = Where::current()) const {
    return later<std::vector<T>>(run("collectAsync", ops::Collect<T>{}, where), concat);
  }
  /// count() in the background.
  FutureAction<int64_t> countAsync(Where where = Where::current()) const {
    return later<int64_t>(run("countAsync", ops::Count{}, where), total);
  }
  /// foreach() in the background.
  template <class F>
  FutureAction<void> foreachAsync(F f, Where where = Where::current()) const {
    closure::require<op::foreach_, F>();
    auto job = run("foreachAsync", ops::ForEach<F>{{}, {located("foreachAsync", where, std::move(f))}}, where);
    return FutureAction<void>(job.handle(), [] {});
  }
  /// foreachPartition() in the background.
  template <class F>
  FutureAction<void> foreachPartitionAsync(F f, Where where = Where::current()) const {
    closure::require<op::foreach_, F>();
    return FutureAction<void>(startForEachPartition("foreachPartitionAsync", std::move(f), where), [] {});
  }
  /// The first n records, as take(). One job reads the first n records of every partition.
  FutureAction<std::vector<T>> takeAsync(int64_t count, Where where = Where::current()) const {
    const auto n = static_cast<uint64_t>(std::max<int64_t>(count, 0));
    return later<std::vector<T>>(run("takeAsync", ops::Take<T>{{}, {Carried<uint64_t>{n}}}, where), [n](auto parts) {
      auto all = concat(std::move(parts));
      if (all.size() > n) all.erase(all.begin() + static_cast<std::ptrdiff_t>(n), all.end());
      return all;
    });
  }

  /// The first n records; none if n is not positive. Computes one partition first, then four times as many in each
  /// further job until there are enough (cerium.rdd.limit.*).
  std::vector<T> take(int64_t count, Where where = Where::current()) const {
    requireSerializable<op::collect, T>();
    const auto n = static_cast<uint64_t>(std::max<int64_t>(count, 0));
    std::vector<T> taken;
    const int total = self().getNumPartitions();
    const auto [first, factor] = self().runner()->takeSteps();
    int next = 0;
    for (int round = first; next < total && taken.size() < n; round = round > total / factor ? total : round * factor) {
      std::vector<int> partitions;
      for (; next < total && static_cast<int>(partitions.size()) < round; ++next) partitions.push_back(next);
      auto parts = run("take", ops::Take<T>{{}, {Carried<uint64_t>{n - taken.size()}}}, where, partitions).wait();
      for (auto& part : parts) {
        for (size_t i = 0; i < part.size() && taken.size() < n; ++i) taken.push_back(std::move(part[i]));
      }
    }
    return taken;
  }
  /// The first record. Throws EmptyCollection if the RDD has no records.
  T first(Where where = Where::current()) const {
    auto one = take(1, where);
    if (one.empty()) throw EmptyCollection(CallSite("first", where).str() + ": the RDD has no records");
    return std::move(one[0]);
  }
  /// Whether there is no record. Computes partitions as take(1) does.
  [[nodiscard]] bool isEmpty(Where where = Where::current()) const { return take(1, where).empty(); }

  /// The n smallest records by `less`, in order. Each task holds at most n records, and n records of each travel.
  template <class Less = KeyLess>
  std::vector<T> takeOrdered(int64_t count, Less less = {}, Where where = Where::current()) const {
    requireSerializable<op::collect, T>();
    closure::require<op::collect, Less>();
    static_assert(std::is_invocable_r_v<bool, Less&, const T&, const T&>,
                  "cerium: takeOrdered and top: the order cannot be called with two records");
    const uint64_t n = checkedCount("takeOrdered", count, where);
    const auto job = run("takeOrdered", smallest(n, less, where), where);
    auto all = concat(job.wait());
    job.merged(
        [&] { std::stable_sort(all.begin(), all.end(), [&less](const T& a, const T& b) { return less(a, b); }); });
    if (all.size() > n) all.erase(all.begin() + static_cast<std::ptrdiff_t>(n), all.end());
    return all;
  }
  /// The n largest records by `less`, largest first. Costs as takeOrdered().
  ///   counts.top(10, cerium::byValue());
  template <class Less = KeyLess>
  std::vector<T> top(int64_t n, Less less = {}, Where where = Where::current()) const {
    return takeOrdered(n, Reversed<Less>{{located("top", where, std::move(less))}}, where);
  }

  /// n records chosen at random (with replacement: some may repeat); all records if there are fewer. At most n records
  /// of each partition travel.
  std::vector<T> takeSample(bool with_replacement, int64_t count, uint64_t seed = 42,
                            Where where = Where::current()) const {
    requireSerializable<op::collect, T>();
    const uint64_t n = checkedCount("takeSample", count, where);
    if (n == 0) return {};
    auto itself = [](const T& record) { return record; };
    using End = ops::SampleKeys<T, decltype(itself)>;
    auto parts = runEnd(
        "takeSample",
        End{{}, {Carried<std::pair<uint64_t, uint64_t>>{{n, seed}}, located("takeSample", where, itself)}}, where);
    return drawSample<T>(std::move(parts), n, with_replacement, Random(seed, 0x7a6e));
  }

  /// All records combined by `f`, which must be associative. One record of each partition travels; they are combined in
  /// the order of partitions. Throws EmptyCollection if the RDD has no records.
  template <class F>
  T reduce(F f, Where where = Where::current()) const {
    requireSerializable<op::collect, T>();
    closure::require<op::reduce, F>();
    static_assert(closure::kAccumulates<F, T, T>, "cerium: reduce: the function must take and return records");
    const auto job = run("reduce", ops::Reduce<T, F>{{}, {located("reduce", where, f)}}, where);
    auto parts = job.wait();
    std::optional<T> result;
    job.merged([&] {
      for (auto& part : parts) {
        if (!part) continue;
        if (result) {
          *result = closure::accumulate(f, std::move(*result), std::move(*part));
        } else {
          result = std::move(part);
        }
      }
    });
    if (!result) throw EmptyCollection(CallSite("reduce", where).str() + ": the RDD has no records");
    return std::move(*result);
  }
  template <class F, class A>
    requires closure::TakesBound<F, A, T, T> T reduce(F f, A a, Where where = Where::current())
  const { return reduce(closure::bind(std::move(f), std::move(a)), where); }
  /// As reduce, starting from `zero`, which is combined once in each partition and once more at the end.
  template <class F>
  T fold(T zero, F f, Where where = Where::current()) const {
    return aggregate(std::move(zero), f, f, where);
  }
  /// `seq(U, record)` within partitions and `comb(U, U)` between them, each starting from a copy of `zero`. One U of
  /// each partition travels.
  template <class U, class Seq, class Comb>
  U aggregate(U zero, Seq seq, Comb comb, Where where = Where::current()) const {
    requireSerializable<op::aggregate, U>();
    closure::require<op::aggregate, Seq>();
    static_assert(closure::kAccumulates<Seq, U, const T&> || closure::kAccumulates<Seq, U, T>,
                  "cerium: aggregate: seq must take (U, record) and return U");
    static_assert(closure::kAccumulates<Comb, U, U>, "cerium: aggregate: comb must take (U, U) and return U");
    const auto job =
        run("aggregate", ops::Aggregate<U, Seq>{{}, {Carried<U>{zero}, located("aggregate", where, seq)}}, where);
    auto parts = job.wait();
    U result = std::move(zero);
    job.merged([&] {
      for (U& part : parts) result = closure::accumulate(comb, std::move(result), std::move(part));
    });
    return result;
  }
  /// As aggregate, but the results of many partitions are first combined on executors, in `depth` levels.
  template <class U, class Seq, class Comb>
  U treeAggregate(U zero, Seq seq, Comb comb, int depth = 2, Where where = Where::current()) const;
  template <class F>
  T treeReduce(F f, int depth = 2, Where where = Where::current()) const;

  /// Calls `f` for each record, for its side effects: accumulators, output of its own. Results of `f` are dropped.
  template <class F>
  void foreach (F f, Where where = Where::current()) const {
    closure::require<op::foreach_, F>();
    static_assert(narrow::RecordFunction<F, T>, "cerium: foreach: the function cannot be called with a record");
    run("foreach", ops::ForEach<F>{{}, {located("foreach", where, std::move(f))}}, where).handle()->wait();
  }
  template <class F, class A>
    requires(!std::is_same_v<A, Where>)
  void foreach (F f, A a, Where where = Where::current()) const {
    foreach (closure::bind(std::move(f), std::move(a)), where)
      ;
  }
  template <class F, class A, class B>
  void foreach (F f, A a, B b, Where where = Where::current()) const {
    foreach (closure::bind(std::move(f), std::move(a), std::move(b)), where)
      ;
  }
  /// Calls `f(records)` once for each partition.
  template <class F>
  void foreachPartition(F f, Where where = Where::current()) const {
    closure::require<op::foreach_, F>();
    startForEachPartition("foreachPartition", std::move(f), where)->wait();
  }
  template <class F, class A>
  void foreachPartition(F f, A a, Where where = Where::current()) const {
    foreachPartition(closure::bind(std::move(f), std::move(a)), where);
  }

  /// How often each record occurs. Counts are combined by a shuffle; the result must fit into the driver's memory.
  CountMap<T> countByValue(Where where = Where::current()) const {
    CountMap<T> counts;
    self()
        .map([](const T& x) { return std::pair<T, int64_t>(x, 1); }, where)
        .reduceByKey(std::plus<>(), UseDefault(), where)
        .gather("countByValue", where, [&counts](std::pair<T, int64_t>&& count) { counts.emplace(std::move(count)); });
    return counts;
  }

  /// The largest record, by the order of `KeyLess` (as sortBy) or by `less`. One record travels for each partition.
  /// Throws EmptyCollection if the RDD has no records.
  [[nodiscard]] T max(Where where = Where::current()) const { return max(KeyLess(), where); }
  /// The smallest record; see max().
  [[nodiscard]] T min(Where where = Where::current()) const { return min(KeyLess(), where); }
  template <class Less>
    requires std::is_invocable_v<Less&, const T&, const T&>
  [[nodiscard]] T max(Less less, Where where = Where::current()) const {
    return extreme("max", Reversed<Less>{{located("top", where, std::move(less))}}, where);
  }
  template <class Less>
    requires std::is_invocable_v<Less&, const T&, const T&>
  [[nodiscard]] T min(Less less, Where where = Where::current()) const {
    return extreme("min", std::move(less), where);
  }

  /// Iterates over the records on the driver, one partition at a time. Each partition is computed by a job of its own
  /// when its turn comes.
  auto toLocalIterator(Where where = Where::current()) const { return LocalRecords<RDD<T>>(self().rdd(), where); }

  /// The approximate number of distinct records: HyperLogLog with the given relative standard deviation. Moves one
  /// sketch for each partition.
  int64_t countApproxDistinct(double relative_sd = 0.05, Where where = Where::current()) const;

  /// Calls `f(records)` on some partitions (all, unless named) and returns the results in that order.
  template <class F>
  auto runPartitions(F f, std::vector<int> partitions, Where where = Where::current()) const {
    closure::require<op::runJob, F>();
    using R = std::decay_t<std::invoke_result_t<F&, PartitionRecords<T>&>>;
    auto body = ofPartition<R>("runJob", std::move(f), where);
    return startJob<R>(self().runner(), {"runJob", where}, self().node(), std::move(body), std::move(partitions))
        .wait();
  }

  /// Runs the loop with `end` and returns the result of each partition.
  template <class End>
  auto runEnd(const char* name, End end, Where where) const {
    return startEnd(name, std::move(end), where).wait();
  }
  template <class End>
  auto startEnd(const char* name, End end, const Where& where) const {
    return run(name, std::move(end), where);
  }
  /// Runs a job and passes each record to `add` on the driver. An exception of `add` fails the job.
  template <class Add>
  void gather(const char* name, const Where& where, Add add) const {
    requireSerializable<op::collect, T>();
    const auto job = run(name, ops::Collect<T>{}, where);
    auto parts = job.wait();
    job.merged([&] {
      for (auto& part : parts) {
        for (auto&& record : part) add(std::move(record));
      }
    });
  }
  /// The numbers of records of the first `n` partitions, for zipWithIndex.
  std::vector<int64_t> countPartitions(int n, Where where) const {
    return run("zipWithIndex", ops::Count{}, where, allPartitions(n)).wait();
  }

 private:
  template <class F>
  std::shared_ptr<JobHandle> startForEachPartition(const char* name, F f, const Where& where) const {
    return startJob<bool>(self().runner(), {name, where}, self().node(), ofPartition<bool>(name, std::move(f), where),
                          allPartitions(self().getNumPartitions()))
        .handle();
  }
  static uint64_t checkedCount(const char* name, int64_t count, const Where& where) {
    if (count < 0)
      throw InvalidArgument(CallSite(name, where).str() + ": asks for " + std::to_string(count) +
                            " records; it must be 0 or more");
    return static_cast<uint64_t>(count);
  }

  template <class End>
  auto run(const char* name, End end, const Where& where) const {
    return run(name, std::move(end), where, allPartitions(self().getNumPartitions()));
  }
  template <class End>
  auto run(const char* name, End end, const Where& where, std::vector<int> partitions) const {
    return self().fused([&](auto source, auto pipe) {
      using S = typename std::remove_cvref_t<decltype(*source)>::record_type;
      using P = decltype(pipe);
      using R = decltype(end.run(std::declval<TaskContext&>(), std::declval<narrow::Input<S, P>&>()));
      auto body = fusedBody<S>(source, std::move(pipe), std::move(end));
      return startJob<R>(self().runner(), {name, where}, source, std::move(body), std::move(partitions));
    });
  }

  template <class R, class F>
  std::shared_ptr<const TaskBody> ofPartition(const char* name, F f, const Where& where) const {
    using End = ops::OfPartition<F, R>;
    return fusedBody<T>(self().node(), narrow::Identity(), End{{}, {located(name, where, std::move(f))}});
  }

  template <class Less>
  static auto smallest(uint64_t n, const Less& less, const Where& where) {
    return ops::Smallest<T, Less>{{}, {Carried<uint64_t>{n}, located("takeOrdered", where, less)}};
  }
  template <class Less>
  T extreme(const char* name, Less less, const Where& where) const {
    auto one = takeOrdered(1, std::move(less), where);
    if (one.empty()) throw EmptyCollection(CallSite(name, where).str() + ": the RDD has no records");
    return std::move(one[0]);
  }

  static std::vector<T> concat(std::vector<std::vector<T>> parts) {
    if (parts.size() == 1) return std::move(parts[0]);
    size_t total = 0;
    for (const auto& part : parts) total += part.size();
    std::vector<T> all;
    all.reserve(total);
    for (auto& part : parts) {
      all.insert(all.end(), std::make_move_iterator(part.begin()), std::make_move_iterator(part.end()));
      part = {};
    }
    return all;
  }
  static int64_t total(std::vector<int64_t> parts) {
    int64_t all = 0;
    for (int64_t part : parts) all += part;
    return all;
  }
  template <class R, class Parts, class Finish>
  static FutureAction<R> later(TypedJob<Parts> job, Finish finish) {
    return FutureAction<R>(job.handle(), [job, finish]() { return finish(job.wait()); });
  }

  const Self& self() const { return static_cast<const Self&>(*this); }
};

}  // namespace cerium::api
