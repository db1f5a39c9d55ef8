// Cerium. Licensed under the Apache License 2.0.
// Stable sort of pairs by key: radix sort for numbers, std::stable_sort for other keys.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <type_traits>
#include <vector>

#include "base/util/hash.h"
#include "base/util/record_buffer.h"
#include "rdd/task_context.h"

namespace cerium {

/// The order of a sort: KeyLess or its exact reverse. One type for both directions, so that a program compiles its sort
/// once.
struct KeyOrder {
  bool ascending = true;

  template <class K>
  bool operator()(const K& a, const K& b) const {
    return ascending ? KeyLess()(a, b) : KeyLess()(b, a);
  }
};

namespace radix {

/// Maps a number to an unsigned one with the same order (KeyLess: every NaN is the largest).
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

constexpr size_t kStrip = size_t{1} << 16;  // takes some tenths of a millisecond

/// Sorts by the least significant byte first, one pass for each byte; a byte that all keys share costs no pass. O(n *
/// bytes), stable. Calls `check` every kStrip records.
template <class R, class Digits, class Check>
void sort(RecordBuffer<R>& records, Digits digits, Check check) {
  using U = decltype(digits(records[0]));
  constexpr size_t kBytes = sizeof(U);
  const size_t n = records.size();
  std::vector<std::array<size_t, 256>> counts(kBytes);
  for (size_t i = 0; i < n;) {
    check();
    for (const size_t end = std::min(n, i + kStrip); i < end; ++i) {
      U key = digits(records[i]);
      for (size_t b = 0; b < kBytes; ++b, key = static_cast<U>(key >> 8 % (8 * sizeof(U)))) ++counts[b][key & 0xff];
    }
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
    for (size_t i = 0; i < n;) {
      check();
      for (const size_t end = std::min(n, i + kStrip); i < end; ++i) to[count[byte(from[i])]++] = from[i];
    }
    std::swap(from, to);
  }
  if (from != records.data()) records = std::move(scratch);
}

}  // namespace radix

/// Sorts by key; equal keys keep their order. Throws TaskKilled soon after `task` (may be null) was told to stop; then
/// the records are in no particular order.
template <class K, class V>
void sortPairs(RecordBuffer<std::pair<K, V>>& records, KeyOrder order, const TaskContext* task = nullptr) {
  using R = std::pair<K, V>;
  const auto check = [task] {
    if (task != nullptr) task->checkInterrupted();
  };
  constexpr size_t kSmall = 512;  // below this size comparing is faster than counting
  if constexpr (radix::kSortable<K> && std::is_trivially_copy_constructible_v<R> && sizeof(R) <= 64) {
    if (records.size() > kSmall) {
      using U = decltype(radix::ordered(K()));
      const U flip = order.ascending ? U{0} : static_cast<U>(~U{0});
      const auto digits = [flip](const R& record) { return static_cast<U>(radix::ordered(record.first) ^ flip); };
      radix::sort(records, digits, check);
      return;
    }
  }
  std::stable_sort(records.begin(), records.end(), [order, check](const R& a, const R& b) {
    check();
    return order(a.first, b.first);
  });
}

}  // namespace cerium
