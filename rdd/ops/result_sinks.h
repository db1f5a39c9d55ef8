// Cerium. Licensed under the Apache License 2.0.
// The ends of a result stage's loop: they turn the records of one partition into an action's result. An end has `R
// run(TaskContext&, Input&)`; its functions and values are its Parts.
#pragma once

#include <algorithm>
#include <optional>
#include <vector>

#include "rdd/fused_body.h"
#include "rdd/ops/partitions.h"
#include "rdd/ops/random.h"

namespace cerium::ops {

struct ResultEnd {
  static constexpr bool kIsMapSide = false;
};

struct Count : ResultEnd, Parts<> {
  template <class In>
  int64_t run(TaskContext&, In& input) {
    return input.fold(int64_t{0}, [](int64_t n, auto&&) { return n + 1; });
  }
  static Count decode(Reader&) { return {}; }
};

template <class T>
struct Collect : ResultEnd, Parts<> {
  template <class In>
  std::vector<T> run(TaskContext&, In& input) {
    std::vector<T> records;
    input.forEach([&](auto&& record) { records.emplace_back(std::forward<decltype(record)>(record)); });
    return records;
  }
  static Collect decode(Reader&) { return {}; }
};

template <class T>
struct Take : ResultEnd, Parts<Carried<uint64_t>> {
  template <class In>
  std::vector<T> run(TaskContext&, In& input) {
    const uint64_t n = this->template part<0>().value;
    std::vector<T> records;
    if (n == 0) return records;
    input.forEachWhile([&](auto&& record) {
      records.emplace_back(std::forward<decltype(record)>(record));
      return records.size() < n;
    });
    return records;
  }
  static Take decode(Reader& in) { return {{}, {Take::decodeMembers(in)}}; }
};

/// The n smallest records by `Less`, in order.
template <class T, class Less>
struct Smallest : ResultEnd, Parts<Carried<uint64_t>, Located<Less>> {
  template <class In>
  std::vector<T> run(TaskContext&, In& input) {
    const uint64_t n = this->template part<0>().value;
    auto& less = this->template part<1>().f;
    auto before = [&less](const T& a, const T& b) { return less(a, b); };
    std::vector<std::conditional_t<std::is_same_v<T, bool>, char, T>> heap;  // std::vector<bool> does not hold bools
    if (n == 0) return {};
    input.forEach([&](auto&& record) {
      if (heap.size() < n) {
        heap.emplace_back(std::forward<decltype(record)>(record));
        std::push_heap(heap.begin(), heap.end(), before);
      } else if (before(record, heap.front())) {
        std::pop_heap(heap.begin(), heap.end(), before);
        heap.back() = std::forward<decltype(record)>(record);
        std::push_heap(heap.begin(), heap.end(), before);
      }
    });
    std::sort_heap(heap.begin(), heap.end(), before);
    if constexpr (std::is_same_v<T, bool>) {
      return {heap.begin(), heap.end()};
    } else {
      return heap;
    }
  }
  static Smallest decode(Reader& in) { return {{}, {Smallest::decodeMembers(in)}}; }
};

/// aggregate, fold: starts from a copy of the zero value.
template <class U, class F>
struct Aggregate : ResultEnd, Parts<Carried<U>, Located<F>> {
  template <class In>
  U run(TaskContext&, In& input) {
    return input.fold(this->template part<0>().value, this->template part<1>());
  }
  static Aggregate decode(Reader& in) { return {{}, {Aggregate::decodeMembers(in)}}; }
};

template <class T, class F>
struct Reduce : ResultEnd, Parts<Located<F>> {
  template <class In>
  std::optional<T> run(TaskContext&, In& input) {
    auto f = this->template part<0>();
    std::optional<T> result;
    input.forEach([&](auto&& record) {
      if (result) {
        *result = closure::accumulate(f, std::move(*result), std::forward<decltype(record)>(record));
      } else {
        result.emplace(std::forward<decltype(record)>(record));
      }
    });
    return result;
  }
  static Reduce decode(Reader& in) { return {{}, {Reduce::decodeMembers(in)}}; }
};

template <class F>
struct ForEach : ResultEnd, Parts<Located<F>> {
  template <class In>
  bool run(TaskContext&, In& input) {
    auto f = this->template part<0>();
    input.forEach([&](auto&& record) { narrow::callRecord(f, std::forward<decltype(record)>(record)); });
    return true;
  }
  static ForEach decode(Reader& in) { return {{}, {ForEach::decodeMembers(in)}}; }
};

/// Calls a function with the whole partition: foreachPartition, runJob. Needs an input without a pipe.
template <class F, class R>
struct OfPartition : ResultEnd, Parts<Located<F>> {
  template <class In>
  R run(TaskContext&, In& input) {
    PartitionRecords records(input.takeStream());
    auto f = this->template part<0>();
    if constexpr (std::is_void_v<std::invoke_result_t<Located<F>&, decltype(records)&>>) {
      f(records);
      return R{};
    } else {
      return f(records);
    }
  }
  static OfPartition decode(Reader& in) { return {{}, {OfPartition::decodeMembers(in)}}; }
};

/// A sample of the keys of `KeyOf`, and the number of records.
template <class K, class KeyOf>
struct SampleKeys : ResultEnd, Parts<Carried<std::pair<uint64_t, uint64_t>>, Located<KeyOf>> {
  /// Reservoir sampling by skips (Li, "Reservoir-sampling algorithms of time complexity O(n(1+log(N/n)))", 1994).
  template <class In>
  std::pair<uint64_t, std::vector<K>> run(TaskContext& task, In& input) {
    const auto [size, seed] = this->template part<0>().value;
    auto key_of = this->template part<1>();
    Random random(seed, static_cast<uint64_t>(task.partitionId()));
    std::vector<K> sample;
    uint64_t seen = 0;
    uint64_t next = size;
    double w = 1;
    auto skip = [&] {
      w *= std::exp(std::log(random.uniform() + 1e-300) / static_cast<double>(size));
      next += static_cast<uint64_t>(std::log(random.uniform() + 1e-300) / std::log1p(-w)) + 1;
    };
    input.forEach([&](auto&& record) {
      const uint64_t index = seen++;
      if (index < size) {
        sample.push_back(key_of(record));
        if (index + 1 == size) {
          next = index;
          skip();
        }
      } else if (index == next) {
        sample[random.below(size)] = key_of(record);
        skip();
      }
    });
    return {seen, std::move(sample)};
  }
  static SampleKeys decode(Reader& in) { return {{}, {SampleKeys::decodeMembers(in)}}; }
};

}  // namespace cerium::ops
