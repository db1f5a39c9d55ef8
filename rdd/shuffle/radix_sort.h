// Cerium. Licensed under the Apache License 2.0.
// Stable sort of pairs by key: radix sort where keys are numbers, std::stable_sort else.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <type_traits>
#include <vector>

#include "base/util/hash.h"
#include "base/util/record_buffer.h"

namespace cerium {

/// The order of a sort: KeyLess's, or its exact reverse. One type for both directions, so that a program that sorts
/// compiles its sort once.
struct KeyOrder {
  bool ascending = true;

  template <class K>
  bool operator()(const K& a, const K& b) const {
    return ascending ? KeyLess()(a, b) : KeyLess()(b, a);
  }
};

namespace radix {

/// Maps a number to an unsigned one with the same order (KeyLess's: every NaN is the largest).
template <class K>
auto ordered(K key) {
  if constexpr (std::is_floating_point_v<K>) {
    using U = std::conditional_t<sizeof(K) == 4, uint32_t, uint64_t>;
    constexpr U kSign = U{1} << (8 * sizeof(U) - 1);
    if (key != key) return static_cast<U>(~U{0});
    const U bits = __builtin_bit_cast(U, key == 0 ? K{0} : key);
    return static_cast<U>(bits & kSign ? ~bits : bits | kSign);
  } else {
    using U = std::make_unsigned_t<K>;
    constexpr U kSign = std::is_signed_v<K> ? U{1} << (8 * sizeof(U) - 1) : 0;
    return static_cast<U>(static_cast<U>(key) ^ kSign);
  }
}

template <class K>
inline constexpr bool kSortable =
    (std::is_integral_v<K> && !std::is_same_v<K, bool>) || std::is_same_v<K, float> || std::is_same_v<K, double>;

/// Least significant digit first, a byte a pass; a byte that all keys share costs no pass. O(n * bytes), stable.
template <class R, class Digits>
void sort(RecordBuffer<R>& records, Digits digits) {
  using U = decltype(digits(records[0]));
  constexpr size_t kBytes = sizeof(U);
  const size_t n = records.size();
  std::vector<std::array<size_t, 256>> counts(kBytes);
  for (const R& record : records) {
    U key = digits(record);
    for (size_t b = 0; b < kBytes; ++b, key = static_cast<U>(key >> 8 % (8 * sizeof(U)))) ++counts[b][key & 0xff];
  }
  RecordBuffer<R> scratch;
  scratch.growUninitialized(n);
  R* from = records.data();
  R* to = scratch.data();
  for (size_t b = 0; b < kBytes; ++b) {
    auto& count = counts[b];
    const auto byte = [&](const R& record) { return static_cast<size_t>(digits(record) >> (8 * b)) & 0xff; };
    if (count[byte(from[0])] == n) continue;
    size_t place = 0;
    for (size_t& each : count) place += std::exchange(each, place);
    for (size_t i = 0; i < n; ++i) to[count[byte(from[i])]++] = from[i];
    std::swap(from, to);
  }
  if (from != records.data()) records = std::move(scratch);
}

}  // namespace radix

/// Sorts by key; equal keys keep their order.
template <class K, class V>
void sortPairs(RecordBuffer<std::pair<K, V>>& records, KeyOrder order) {
  using R = std::pair<K, V>;
  constexpr size_t kSmall = 512;  // below that the counting costs more than comparing
  if constexpr (radix::kSortable<K> && std::is_trivially_copy_constructible_v<R> && sizeof(R) <= 64) {
    if (records.size() > kSmall) {
      using U = decltype(radix::ordered(K()));
      const U flip = order.ascending ? U{0} : static_cast<U>(~U{0});
      radix::sort(records, [flip](const R& record) { return static_cast<U>(radix::ordered(record.first) ^ flip); });
      return;
    }
  }
  std::stable_sort(records.begin(), records.end(), [order](const R& a, const R& b) { return order(a.first, b.first); });
}

}  // namespace cerium
