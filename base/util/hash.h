// Cerium. Licensed under the Apache License 2.0.
// Hash, equality and order of keys. The hash is the same in every process of an application. NaN equals itself and
// sorts last, and -0.0 equals 0.0, also inside pairs, tuples, optionals and vectors.
#pragma once

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

namespace cerium {

/// XXH3 of `size` bytes.
[[nodiscard]] uint64_t hashBytes(const void* data, size_t size) noexcept;

namespace keys {

/// Spreads every input bit over all output bits (the finaliser of MurmurHash3, Austin Appleby, public domain).
constexpr uint64_t mix(uint64_t x) noexcept {
  x ^= x >> 33;
  x *= 0xff51afd7ed558ccdULL;
  x ^= x >> 33;
  x *= 0xc4ceb9fe1a85ec53ULL;
  x ^= x >> 33;
  return x;
}
constexpr uint64_t combine(uint64_t seed, uint64_t hash) noexcept { return mix(seed * 0x9e3779b97f4a7c15ULL + hash); }

template <class T>
concept Pair = requires(const T& t) {
  typename T::first_type;
  typename T::second_type;
  t.first;
  t.second;
};
template <class T>
concept TupleLike = requires {
  std::tuple_size<T>::value;
}
&&!Pair<T>;
template <class T>
concept Text = std::convertible_to<const T&, std::string_view>;
template <class T>
concept Optional = requires(const T& t) {
  typename T::value_type;
  t.has_value();
  *t;
}
&&!Text<T>;
template <class T>
concept Sequence = requires(const T& t) {
  typename T::value_type;
  t.begin();
  t.end();
  t.size();
}
&&!Text<T>;
template <class T>
concept Duration = requires(const T& t) {
  typename T::period;
  t.count();
};
template <class T>
concept TimePoint = requires(const T& t) {
  typename T::clock;
  t.time_since_epoch().count();
};
/// A date of std::chrono's calendar or a part of one: convertible to a number, or made of such parts.
template <class T>
concept Civil = requires(const T& t) {
  { t.ok() } -> std::same_as<bool>;
}
&&(
    std::is_constructible_v<int, const T&> || std::is_constructible_v<unsigned, const T&> ||
    requires(const T& t) { t.month(); } || requires(const T& t) { t.c_encoding(); } ||
    requires(const T& t) { t.weekday(); });
template <class T>
concept StdHashable = requires(const T& t) {
  { std::hash<T>()(t) } -> std::convertible_to<size_t>;
};

}  // namespace keys

/// The hash of a key. For your own type specialise cerium::Hash or std::hash; an exception in it fails the task.
template <class K>
struct Hash {
  uint64_t operator()(const K& key) const {
    if constexpr (std::is_floating_point_v<K>) {
      if (key != key) return 0x7ff8dead;  // every NaN
      double value = key == 0 ? 0.0 : static_cast<double>(key);
      return keys::mix(__builtin_bit_cast(uint64_t, value));
    } else if constexpr (std::is_integral_v<K> || std::is_enum_v<K>) {
      return keys::mix(static_cast<uint64_t>(key));
    } else if constexpr (keys::Text<K>) {
      std::string_view text = key;
      return hashBytes(text.data(), text.size());
    } else if constexpr (keys::Pair<K>) {
      return keys::combine(of(key.first), of(key.second));
    } else if constexpr (keys::Duration<K>) {
      return of(key.count());
    } else if constexpr (keys::TimePoint<K>) {
      return of(key.time_since_epoch().count());
    } else if constexpr (keys::StdHashable<K> && !keys::Optional<K>) {
      return keys::mix(std::hash<K>()(key));
    } else if constexpr (keys::Optional<K>) {
      return key ? keys::combine(1, of(*key)) : 0x51ed27;
    } else if constexpr (keys::Sequence<K>) {
      uint64_t seed = key.size();
      for (const auto& element : key) seed = keys::combine(seed, of(element));
      return seed;
    } else if constexpr (keys::Civil<K>) {
      return ofCivil(key);
    } else {
      static_assert(keys::TupleLike<K>,
                    "cerium: this key type has no hash; specialise std::hash or cerium::Hash for it");
      return std::apply(
          [](const auto&... parts) {
            uint64_t seed = sizeof...(parts);
            ((seed = keys::combine(seed, of(parts))), ...);
            return seed;
          },
          key);
    }
  }

 private:
  template <class T>
  static uint64_t of(const T& part) {
    return Hash<std::remove_cv_t<T>>()(part);
  }
  /// Combines the hashes of the date's parts.
  static uint64_t ofCivil(const K& key) {
    uint64_t seed = 0x6369;
    if constexpr (requires { key.year(); }) seed = keys::combine(seed, of(static_cast<int>(key.year())));
    if constexpr (requires { key.month(); }) seed = keys::combine(seed, of(static_cast<unsigned>(key.month())));
    if constexpr (requires { key.weekday(); }) seed = keys::combine(seed, of(key.weekday()));
    if constexpr (requires { key.index(); }) seed = keys::combine(seed, of(key.index()));
    if constexpr (requires { key.day(); }) seed = keys::combine(seed, of(static_cast<unsigned>(key.day())));
    if constexpr (requires { key.c_encoding(); }) seed = keys::combine(seed, of(key.c_encoding()));
    if constexpr (requires { static_cast<int>(key); }) seed = keys::combine(seed, of(static_cast<int>(key)));
    if constexpr (requires { static_cast<unsigned>(key); }) seed = keys::combine(seed, of(static_cast<unsigned>(key)));
    return seed;
  }
};

/// Equality of keys: ==, except that NaN equals NaN.
struct KeyEqual {
  template <class K>
  bool operator()(const K& a, const K& b) const {
    if constexpr (std::is_floating_point_v<K>) {
      return a == b || (a != a && b != b);
    } else if constexpr (std::is_scalar_v<K> || keys::Text<K>) {
      return a == b;
    } else if constexpr (keys::Pair<K>) {
      return (*this)(a.first, b.first) && (*this)(a.second, b.second);
    } else if constexpr (keys::Optional<K>) {
      return a.has_value() == b.has_value() && (!a || (*this)(*a, *b));
    } else if constexpr (keys::Sequence<K> && requires { a[0]; }) {
      if (a.size() != b.size()) return false;
      for (size_t i = 0; i < a.size(); ++i) {
        if (!(*this)(static_cast<const typename K::value_type&>(a[i]),
                     static_cast<const typename K::value_type&>(b[i])))
          return false;
      }
      return true;
    } else if constexpr (keys::TupleLike<K>) {
      return [&]<size_t... I>(std::index_sequence<I...>) { return ((*this)(std::get<I>(a), std::get<I>(b)) && ...); }
      (std::make_index_sequence<std::tuple_size_v<K>>());
    } else {
      return a == b;
    }
  }
};

/// The order of keys: <, except that NaN comes after every number.
struct KeyLess {
  template <class K>
  bool operator()(const K& a, const K& b) const {
    if constexpr (std::is_floating_point_v<K>) {
      return a < b || (b != b && a == a);
    } else if constexpr (std::is_scalar_v<K> || keys::Text<K>) {
      return a < b;
    } else if constexpr (keys::Pair<K>) {
      if ((*this)(a.first, b.first)) return true;
      return !(*this)(b.first, a.first) && (*this)(a.second, b.second);
    } else if constexpr (keys::Optional<K>) {
      return b && (!a || (*this)(*a, *b));
    } else if constexpr (keys::TupleLike<K> && !keys::Sequence<K>) {
      return tupleLess<0>(a, b);
    } else if constexpr (keys::Sequence<K> && requires { a[0]; }) {
      for (size_t i = 0; i < a.size() && i < b.size(); ++i) {
        if ((*this)(a[i], b[i])) return true;
        if ((*this)(b[i], a[i])) return false;
      }
      return a.size() < b.size();
    } else {
      return a < b;
    }
  }

 private:
  template <size_t I, class K>
  bool tupleLess(const K& a, const K& b) const {
    if constexpr (I == std::tuple_size_v<K>) {
      return false;
    } else {
      if ((*this)(std::get<I>(a), std::get<I>(b))) return true;
      if ((*this)(std::get<I>(b), std::get<I>(a))) return false;
      return tupleLess<I + 1>(a, b);
    }
  }
};

}  // namespace cerium
