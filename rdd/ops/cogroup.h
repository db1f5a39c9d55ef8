// Cerium. Licensed under the Apache License 2.0.
// cogroup: groups the records of two to four keyed parents by key.
#pragma once

#include "rdd/ops/shuffled.h"

namespace cerium::ops {

/// A value of parent number I, before it is added to its key's groups. X is V or a const reference to one.
template <size_t I, class X>
struct OfParent {
  static constexpr size_t kParent = I;
  X&& value;
};

/// Appends each value to its parent's group. On disk a value carries its parent's number.
template <class... Vs>
struct AppendToGroups {
  using Groups = std::tuple<std::vector<Vs>...>;

  template <size_t I, class X>
  Groups create(const OfParent<I, X>& from) {
    Groups groups;
    add(groups, from);
    return groups;
  }
  template <size_t I, class X>
  void add(Groups& known, const OfParent<I, X>& from) {
    std::get<I>(known).push_back(static_cast<X&&>(from.value));
  }
  template <size_t I, class X>
  static size_t growth(const Groups& known, const OfParent<I, X>&) {
    return growthOf(std::get<I>(known));
  }
  template <size_t I, class X>
  static size_t heapMoved(const OfParent<I, X>& from) {
    return std::is_lvalue_reference_v<X> ? 0 : serde::heapBytes(from.value);
  }
  template <size_t I, class X>
  static void encode(Writer& out, const OfParent<I, X>& from) {
    out.put(static_cast<uint8_t>(I));
    encodeValue(out, static_cast<const std::remove_cvref_t<X>&>(from.value));
  }
  template <class Use>
  static void replay(Reader& in, Use&& use) {
    const auto parent = in.get<uint8_t>();
    [&]<size_t... I>(std::index_sequence<I...>) {
      ((parent == I ? use(OfParent<I, Vs>{decodeValue<Vs>(in)}) : void()), ...);
    }
    (std::index_sequence_for<Vs...>());
  }
};

/// For each key, the values of each parent, in map order.
template <class K, class... Vs>
struct Cogroup {
  using Groups = std::tuple<std::vector<Vs>...>;
  using Table = HashAggregation<K, Groups, AppendToGroups<Vs...>>;

  StreamPtr<std::pair<K, Groups>> compute(TaskContext& task, const RddNode& node, int p) const {
    auto* result = new Table(task, reduceSideSeed(node), {});
    StreamPtr<std::pair<K, Groups>> owner(result);
    [&]<size_t... I>(std::index_sequence<I...>) { (absorb<I>(task, node, p, *result), ...); }
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
    narrow::Input<std::pair<K, V>, narrow::Identity> input(task, openPairs<std::pair<K, V>>(task, node, I, p), {});
    input.forEach([&](auto&& record) {
      using Record = decltype(record);
      using X = std::conditional_t<std::is_lvalue_reference_v<Record>, const V&, V>;
      table.add(std::forward<Record>(record).first, OfParent<I, X>{static_cast<X&&>(record.second)});
    });
  }
};

}  // namespace cerium::ops
