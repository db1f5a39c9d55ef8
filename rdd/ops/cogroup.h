// Cerium. Licensed under the Apache License 2.0.
// Several keyed parents brought together by key: cogroup of two to four, and the inner join that needs no groups.
#pragma once

#include "rdd/ops/shuffled.h"

namespace cerium::ops {

/// For each key the values of each parent, in map order.
template <class K, class... Vs>
struct Cogroup {
  using Groups = std::tuple<std::vector<Vs>...>;
  struct Append {
    void operator()(Groups& known, Groups&& more) {
      [&]<size_t... I>(std::index_sequence<I...>) {
        (std::get<I>(known).insert(std::get<I>(known).end(), std::make_move_iterator(std::get<I>(more).begin()),
                                   std::make_move_iterator(std::get<I>(more).end())),
         ...);
      }
      (std::index_sequence_for<Vs...>());
    }
  };
  using Table = SpillingTable<K, Groups, Append, 2>;  // its parents may be tables of side 1

  StreamPtr<std::pair<K, Groups>> compute(TaskContext& task, const RddNode& node, int p) const {
    auto table = std::make_unique<Table>(task, Append{});
    [&]<size_t... I>(std::index_sequence<I...>) { (absorb<I>(task, node, p, *table), ...); }
    (std::index_sequence_for<Vs...>());
    return makeStream<TableStream<K, Groups, Append, 2>>(std::move(table));
  }
  void encode(Writer&) const {}
  static Cogroup decode(Reader&) { return {}; }
  void visit(const ClosureVisitor&) const {}

 private:
  template <size_t I>
  static void absorb(TaskContext& task, const RddNode& node, int p, Table& table) {
    using V = std::tuple_element_t<I, std::tuple<Vs...>>;
    pipes::Input<std::pair<K, V>, pipes::Identity> input(task, openPairs<std::pair<K, V>>(task, node, I, p), {});
    input.forEach([&](auto&& record) {
      using Record = decltype(record);
      size_t bytes = sizeof(V);
      if constexpr (!kBitwise<V>) bytes += serde::heapBytes(static_cast<const V&>(record.second));
      table.charge(bytes);
      table.upsert(
          std::forward<Record>(record).first,
          [&] {
            Groups groups;
            std::get<I>(groups).push_back(std::forward<Record>(record).second);
            return groups;
          },
          [&](Groups& known) { std::get<I>(known).push_back(std::forward<Record>(record).second); });
    });
  }
};

/// Pairs each left value with each right value of its key: the right side in a table, the left side streamed past it.
/// Where the right side does not fit, both sides go through a Cogroup, which spills.
template <class K, class V, class W>
struct Join {
  using R = std::pair<K, std::pair<V, W>>;

  StreamPtr<R> compute(TaskContext& task, const RddNode& node, int p) const {
    auto right = std::make_shared<Right>(task);
    if (!right->build(task, openPairs<std::pair<K, W>>(task, node, 1, p))) {
      right.reset();
      return fromGroups(Cogroup<K, V, W>().compute(task, node, p));
    }
    return fillStream<R>([&task, right, left = openPairs<std::pair<K, V>>(task, node, 0, p)](RecordBuffer<R>& out) {
      auto batch = left->next();
      task.checkInterrupted();
      constexpr size_t kAhead = 16;
      for (size_t i = 0; i < batch.size; ++i) {
        if (i + kAhead < batch.size) right->table.prefetch(RightTable::hashOf(batch.data[i + kAhead].first));
        std::pair<K, V>& record = batch.data[i];
        const Rows* rows = right->table.find(record.first, RightTable::hashOf(record.first));
        if (rows == nullptr) continue;
        for (uint32_t at = rows->first; at != kNoRow; at = right->rows[at].next) {
          const W& value = right->rows[at].value;
          if (batch.owned && right->rows[at].next == kNoRow) {
            out.emplace_back(std::move(record.first), std::pair<V, W>(std::move(record.second), value));
          } else {
            out.emplace_back(record.first, std::pair<V, W>(record.second, value));
          }
        }
      }
      return batch.size > 0;
    });
  }
  void encode(Writer&) const {}
  static Join decode(Reader&) { return {}; }
  void visit(const ClosureVisitor&) const {}

 private:
  static constexpr uint32_t kNoRow = ~uint32_t{0};
  struct Row {
    W value;
    uint32_t next;
  };
  struct Rows {  ///< The rows of one key, as a list, so that a key costs no allocation.
    uint32_t first;
    uint32_t last;
  };
  using RightTable = CombineTable<K, Rows, 2>;

  struct Right {
    explicit Right(TaskContext& task) : reserved(task.services().memory()) {}

    /// False where memory does not suffice.
    bool build(TaskContext& task, StreamPtr<std::pair<K, W>> stream) {
      for (;;) {
        auto batch = stream->next();
        if (batch.size == 0) return true;
        task.checkInterrupted();
        for (size_t i = 0; i < batch.size; ++i) add(batch, i);
        const size_t table_bytes = table.tableBytes() + rows.size() * sizeof(Row) + heap_bytes;
        if (!reserved.tryResize(table_bytes) && rows.size() > 4096) return false;
        if (rows.size() >= kNoRow - kBatchRecords<int64_t> * 16) return false;
      }
    }
    void add(Batch<std::pair<K, W>> batch, size_t i) {
      auto& record = batch.data[i];
      if constexpr (!kBitwise<W>) heap_bytes += serde::heapBytes(record.second);
      const auto row = static_cast<uint32_t>(rows.size());
      rows.emplace_back(Row{batch.owned ? W(std::move(record.second)) : W(record.second), kNoRow});
      const uint64_t hash = RightTable::hashOf(record.first);
      auto link = [&](Rows& known) {
        rows[known.last].next = row;
        known.last = row;
      };
      table.upsert(
          static_cast<const K&>(record.first), hash,
          [&] {
            return Rows{row, row};
          },
          link);
    }

    Reservation reserved;
    RightTable table;
    RecordBuffer<Row> rows;
    size_t heap_bytes = 0;
  };

  static StreamPtr<R> fromGroups(StreamPtr<std::pair<K, std::tuple<std::vector<V>, std::vector<W>>>> groups) {
    return fillStream<R>([groups = std::move(groups)](RecordBuffer<R>& out) {
      auto batch = groups->next();
      for (size_t i = 0; i < batch.size; ++i) {
        auto& [key, sides] = batch.data[i];
        for (const V& v : std::get<0>(sides)) {
          for (const W& w : std::get<1>(sides)) out.emplace_back(key, std::pair<V, W>(v, w));
        }
      }
      return batch.size > 0;
    });
  }
};

}  // namespace cerium::ops
