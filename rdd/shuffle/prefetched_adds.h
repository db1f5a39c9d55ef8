// Cerium. Licensed under the Apache License 2.0.
// Hides the memory latency of a large table from a loop over records.
#pragma once

#include <new>

#include "rdd/shuffle/hash_aggregation.h"

namespace cerium {

/// Adds pairs to an aggregation with a delay of a few pairs, so that the table's memory is loaded meanwhile. Pairs that
/// are not bitwise, or whose table is small, are added at once. Call flush() at the end.
template <class K, class V, class Aggregation>
class PrefetchedAdds {
 public:
  explicit PrefetchedAdds(Aggregation& to) : to_(to) {}
  PrefetchedAdds(const PrefetchedAdds&) = delete;
  PrefetchedAdds& operator=(const PrefetchedAdds&) = delete;

  template <class Key, class X>
  void add(Key&& key, X&& value) {
    if constexpr (kBitwise<K> && kBitwise<V>) {
      if (!to_.isLarge()) return to_.add(std::forward<Key>(key), std::forward<X>(value));
      const K& known = key;
      const uint64_t hash = Aggregation::Table::hashOf(known);
      to_.prefetch(hash);
      if (count_ >= kMost) addOldest();
      new (placeOf(count_++)) Pair{hash, known, value};
    } else {
      to_.add(std::forward<Key>(key), std::forward<X>(value));
    }
  }
  void flush() {
    for (size_t waiting = count_ < kMost ? count_ : kMost; waiting > 0; --waiting) addOldest(waiting);
    count_ = 0;
  }

 private:
  static constexpr size_t kMost = 16;  // about as many additions as a memory access takes
  struct Pair {
    uint64_t hash;
    K key;
    V value;
  };

  Pair* placeOf(size_t number) {
    return std::launder(reinterpret_cast<Pair*>(places_ + number % kMost * sizeof(Pair)));
  }
  void addOldest(size_t waiting = kMost) {
    const Pair& oldest = *placeOf(count_ - waiting);
    to_.add(oldest.hash, oldest.key, oldest.value);
  }

  Aggregation& to_;
  size_t count_ = 0;  ///< Pairs added while the table was large.
  alignas(Pair) unsigned char places_[kMost * sizeof(Pair)];
};

}  // namespace cerium
