// Cerium. Licensed under the Apache License 2.0.
// Folds: how an operation turns the values of a key into a combiner. HashAggregation uses them.
#pragma once

#include <vector>

#include "rdd/closure.h"

namespace cerium {

/// Bytes that a vector allocates at once for its next element; 0 if it has room, or needs little.
template <class V>
size_t growthOf(const std::vector<V>& values) {
  constexpr size_t kLittle = size_t{1} << 20;
  if (values.size() < values.capacity()) return 0;
  const size_t bytes = 2 * values.capacity() * sizeof(V);
  return bytes < kLittle ? 0 : bytes;
}

/// A Fold has
///   C create(X&& value)          the combiner of a key's first value
///   void add(C& known, X&& value)
///   size_t growth(const C& known, const X& value)   bytes that add() allocates at once, if large and known
/// where X is a value or a const reference to one, and the members of this base, for values that wait on disk.
template <class V>
struct FoldOf {
  static void encode(Writer& out, const V& value) { encodeValue(out, value); }
  template <class C, class X>
  static constexpr size_t growth(const C&, const X&) {
    return 0;
  }
  /// Heap bytes that come with a value that is moved into a combiner.
  template <class X>
  static size_t heapMoved(X&& value) {
    return std::is_lvalue_reference_v<X> ? 0 : serde::heapBytes(value);
  }
  /// Calls `use(V&&)` with the value that encode() wrote.
  template <class Use>
  static void replay(Reader& in, Use&& use) {
    use(decodeValue<V>(in));
  }
};

/// combineByKey on values: `create(V)`, then `merge(C, V)`.
template <class V, class C, class Create, class Merge>
struct CombineValues : FoldOf<V> {
  Create create_first;
  Merge merge;

  CombineValues(Create create_function, Merge merge_function)
      : create_first(std::move(create_function)), merge(std::move(merge_function)) {}
  template <class X>
  C create(X&& value) {
    return create_first(std::forward<X>(value));
  }
  template <class X>
  void add(C& known, X&& value) {
    known = closure::accumulate(merge, std::move(known), std::forward<X>(value));
  }
};

/// combineByKey on combiners of map tasks: `merge(C, C)`.
template <class C, class Merge>
struct MergeCombiners : FoldOf<C> {
  Merge merge;

  explicit MergeCombiners(Merge function) : merge(std::move(function)) {}
  template <class X>
  C create(X&& value) {
    return std::forward<X>(value);
  }
  template <class X>
  void add(C& known, X&& value) {
    known = closure::accumulate(merge, std::move(known), C(std::forward<X>(value)));
  }
};

/// groupByKey: all values, in the order in which they come.
template <class V>
struct AppendValues : FoldOf<V> {
  template <class X>
  std::vector<V> create(X&& value) {
    std::vector<V> group;
    group.push_back(std::forward<X>(value));
    return group;
  }
  template <class X>
  void add(std::vector<V>& known, X&& value) {
    known.push_back(std::forward<X>(value));
  }
  template <class X>
  static size_t growth(const std::vector<V>& known, const X&) {
    return growthOf(known);
  }
};

}  // namespace cerium
