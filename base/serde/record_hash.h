// Cerium. Licensed under the Apache License 2.0.
// A hash of a record's contents. It tells whether records that were computed again are the same as before. Equal
// contents have equal hashes in every process: padding does not count, and neither does the order of elements in
// unordered containers.
#pragma once

#include "base/serde/codec.h"
#include "base/util/hash.h"

namespace cerium::serde {

/// Combines two hashes; the order counts. (The multiply-and-fold step of wyhash, Wang Yi, public domain.)
inline uint64_t foldHashes(uint64_t a, uint64_t b) {
  const auto product = static_cast<unsigned __int128>(a ^ 0xa0761d6478bd642fULL) * (b ^ 0xe7037ed1a0b428dbULL);
  return static_cast<uint64_t>(product) ^ static_cast<uint64_t>(product >> 64);
}

/// True if every byte of a T is part of its value.
template <class T>
inline constexpr bool kNoPadding =
    std::has_unique_object_representations_v<T> || std::is_same_v<T, float> || std::is_same_v<T, double>;
template <class A, class B>
inline constexpr bool kNoPadding<std::pair<A, B>> = kNoPadding<A>&& kNoPadding<B> &&
                                                    sizeof(A) + sizeof(B) == sizeof(std::pair<A, B>);
template <class T, size_t N>
inline constexpr bool kNoPadding<std::array<T, N>> = kNoPadding<T>;

uint64_t hashOfEncoded(const Bytes& encoded);
/// A buffer of this thread, cleared at each call, so that hashing a record by its encoding does not allocate.
Bytes& hashScratch();

template <class T>
uint64_t recordHash(const T& value);

/// Hashes the bytes of a trivially copyable class without its padding. If the compiler cannot clear padding, all values
/// of the type have the same hash.
template <class T>
uint64_t hashOfObject(const T& value) {
#if defined(__has_builtin) && __has_builtin(__builtin_clear_padding)
  T copy(value);
  __builtin_clear_padding(&copy);
  return hashBytes(&copy, sizeof copy);
#else
  (void)value;
  return sizeof value;
#endif
}

template <class C>
uint64_t hashOfContainer(const C& container) {
  using Element = typename Unconst<typename C::value_type>::type;
  uint64_t hash = 0;
  uint64_t count = 0;
  if constexpr (kNoPadding<Element> && requires { container.data(); }) {
    hash = hashBytes(container.data(), container.size() * sizeof(Element));
    count = container.size();
  } else {
    for (auto&& element : container) {
      uint64_t one;
      if constexpr (std::is_same_v<Element, bool>) {  // vector<bool> yields proxies
        one = static_cast<bool>(element);
      } else {
        one = recordHash(element);
      }
      constexpr bool kUnordered = requires { typename C::hasher; };
      hash = kUnordered ? hash + foldHashes(one, 1) : foldHashes(hash, one);
      ++count;
    }
  }
  return foldHashes(hash, count);
}

/// The hash of one record. O(size).
template <class T>
uint64_t recordHash(const T& value) {
  if constexpr (std::is_same_v<T, double>) {
    return __builtin_bit_cast(uint64_t, value);
  } else if constexpr (std::is_same_v<T, float>) {
    return __builtin_bit_cast(uint32_t, value);
  } else if constexpr ((std::is_integral_v<T> || std::is_enum_v<T>)&&sizeof(T) <= sizeof(uint64_t)) {
    return static_cast<uint64_t>(value);
  } else if constexpr (kNoPadding<T> && kBitwise<T> && !keys::Pair<T>) {
    return hashBytes(&value, sizeof value);
  } else if constexpr (StdString<T>) {
    return hashBytes(value.data(), value.size());
  } else if constexpr (keys::Pair<T>) {
    return foldHashes(recordHash(value.first), recordHash(value.second));
  } else if constexpr (Container<T>) {
    return hashOfContainer(value);
  } else if constexpr (requires {
                         value.has_value();
                         *value;
                       }) {
    return value.has_value() ? foldHashes(1, recordHash(*value)) : 0;
  } else if constexpr (requires {
                         value.get();
                         *value;
                       }) {  // a smart pointer
    return value ? foldHashes(2, recordHash(*value)) : 0;
  } else if constexpr (requires { std::tuple_size<T>::value; }) {
    return std::apply(
        [](const auto&... parts) {
          uint64_t hash = sizeof...(parts);
          ((hash = foldHashes(hash, recordHash(parts))), ...);
          return hash;
        },
        value);
  } else if constexpr (kBitwise<T>) {
    return hashOfObject(value);
  } else {  // a class with `serialize`
    Bytes& scratch = hashScratch();
    Writer out(scratch);
    encodeValue(out, value);
    return hashOfEncoded(scratch);
  }
}

/// The hash of records in a row, continued from `before`: it does not depend on how the rows are cut into calls.
template <class T>
uint64_t recordsHash(uint64_t before, const T* records, size_t count) {
  uint64_t hash = before;
  for (size_t i = 0; i < count; ++i) hash = hash * 0x9e3779b97f4a7c15ULL + foldHashes(recordHash(records[i]), 3);
  return hash;
}

}  // namespace cerium::serde
