// Cerium. Licensed under the Apache License 2.0.
// Several keyed parents brought together by key: cogroup of two to four.
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
  using Table = SpillingTable<K, Groups, Append>;

  StreamPtr<std::pair<K, Groups>> compute(TaskContext& task, const RddNode& node, int p) const {
    auto* result = new TableStream<K, Groups, Append>(task, reduceSideSeed(node), Append{});
    StreamPtr<std::pair<K, Groups>> owner(result);
    [&]<size_t... I>(std::index_sequence<I...>) { (absorb<I>(task, node, p, result->table()), ...); }
    (std::index_sequence_for<Vs...>());
    return owner;
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

}  // namespace cerium::ops
