// Cerium. Licensed under the Apache License 2.0.
// Outer joins: the groups of a cogroup are expanded into pairs, a batch at a time, however many pairs one key has.
#pragma once

#include <optional>

#include "base/util/heap_meter.h"
#include "rdd/ops/cogroup.h"

namespace cerium::ops {

enum class Outer : uint8_t { kLeft, kRight, kFull };

/// The pairs of one cogroup: V of the left side, W of the right one. A side that may be absent is optional.
template <class K, class V, class W, Outer kKind>
class OuterJoinStream final
    : public Stream<std::pair<K, std::pair<std::conditional_t<kKind == Outer::kLeft, V, std::optional<V>>,
                                           std::conditional_t<kKind == Outer::kRight, W, std::optional<W>>>>> {
  using Groups = std::tuple<std::vector<V>, std::vector<W>>;
  using Values = std::pair<std::conditional_t<kKind == Outer::kLeft, V, std::optional<V>>,
                           std::conditional_t<kKind == Outer::kRight, W, std::optional<W>>>;
  using R = std::pair<K, Values>;

 public:
  OuterJoinStream(TaskContext& task, StreamPtr<std::pair<K, Groups>> groups)
      : task_(task), groups_(std::move(groups)) {}

  Batch<R> next() override {
    batch_.clear();
    const HeapMeter meter;
    while (batch_.size() < kBatchRecords<R> && (kBitwise<R> || meter.grown(0) < kBatchHeapBytes)) {
      task_.checkInterrupted();
      if (!takeNext()) break;
    }
    return {batch_.data(), batch_.size(), true};
  }

 private:
  /// Appends one pair. Returns false at the end.
  bool takeNext() {
    for (;; ++at_, outer_ = inner_ = 0) {
      if (at_ == group_batch_.size) {
        group_batch_ = groups_->next();
        at_ = 0;
        if (group_batch_.size == 0) return false;
      }
      const auto& [key, groups] = group_batch_.data[at_];
      const auto& [left, right] = groups;
      if constexpr (kKind == Outer::kRight) {
        if (unfold(key, right, left, [](const W& w, const V* v) { return Values(optionalOf(v), W(w)); })) return true;
      } else {
        if (unfold(key, left, right, [](const V& v, const W* w) { return Values(v, optionalOf(w)); })) return true;
        if constexpr (kKind == Outer::kFull) {
          if (left.empty() && inner_ < right.size()) {
            batch_.emplace_back(key, Values(std::nullopt, W(right[inner_++])));
            return true;
          }
        }
      }
    }
  }

  /// Makes the next pair: each outer value with each inner value, or with none if there is no inner value. Returns
  /// false after the last pair.
  template <class A, class B, class Make>
  bool unfold(const K& key, const std::vector<A>& outer, const std::vector<B>& inner, Make make) {
    if (outer_ == outer.size()) return false;
    const A value = outer[outer_];
    if (inner.empty()) {
      batch_.emplace_back(key, make(value, nullptr));
      ++outer_;
      return true;
    }
    const B other = inner[inner_];
    batch_.emplace_back(key, make(value, &other));
    if (++inner_ == inner.size()) {
      inner_ = 0;
      ++outer_;
    }
    return true;
  }
  template <class X>
  static std::optional<X> optionalOf(const X* value) {
    return value == nullptr ? std::nullopt : std::optional<X>(*value);
  }

  TaskContext& task_;
  StreamPtr<std::pair<K, Groups>> groups_;
  Batch<std::pair<K, Groups>> group_batch_;
  size_t at_ = 0;     ///< Index in the batch of groups.
  size_t outer_ = 0;  ///< Index in the groups of one key.
  size_t inner_ = 0;
  RecordBuffer<R> batch_;
};

template <class K, class V, class W, Outer kKind>
struct OuterJoin {
  using Unfolded = OuterJoinStream<K, V, W, kKind>;

  StreamPtr<typename Unfolded::record_type> compute(TaskContext& task, const RddNode& node, int p) const {
    return makeStream<Unfolded>(task, Cogroup<K, V, W>().compute(task, node, p));
  }
  void encode(Writer&) const {}
  static OuterJoin decode(Reader&) { return {}; }
  void visit(const ClosureVisitor&) const {}
};

}  // namespace cerium::ops
