// Cerium. Licensed under the Apache License 2.0.
// The record type of a value that a user's function returns, a range holds or a call binds: usually its own type.
#pragma once

#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

namespace cerium {

namespace record_type {

template <class T>
struct Of {
  using type = T;
};
// A literal becomes a string, because its address means nothing in another process.
template <>
struct Of<const char*> {
  using type = std::string;
};
template <>
struct Of<char*> {
  using type = std::string;
};
template <>
struct Of<std::vector<bool>::reference> {
  using type = bool;
};
// Entries of maps have const keys, which a buffer of records could not move.
template <class A, class B>
struct Of<std::pair<A, B>> {
  using type = std::pair<typename Of<std::remove_cv_t<A>>::type, typename Of<std::remove_cv_t<B>>::type>;
};
template <class... Ts>
struct Of<std::tuple<Ts...>> {
  using type = std::tuple<typename Of<std::remove_cv_t<Ts>>::type...>;
};

}  // namespace record_type

/// std::string for a literal, also inside pairs and tuples; std::pair<K, V> for an entry of a map; otherwise T without
/// const and reference.
template <class T>
using RecordType = typename record_type::Of<std::decay_t<T>>::type;

}  // namespace cerium
