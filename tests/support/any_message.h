// Cerium. Licensed under the Apache License 2.0.
// Messages of every kind, with each field filled at random by reflection; new kinds and fields are included
// automatically.
#pragma once

#include <boost/pfr.hpp>
#include <map>
#include <random>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "base/util/bytes.h"

namespace cerium::testing {

using Random = std::mt19937_64;

template <class T>
void fill(T& value, Random& random);

inline void fill(std::string& text, Random& random) {
  text.resize(random() % 9);
  for (char& c : text) c = static_cast<char>(random());
}
inline void fill(Bytes& bytes, Random& random) {
  std::string text;
  fill(text, random);
  bytes = Bytes(text);
}
template <class T>
void fill(std::vector<T>& list, Random& random) {
  list.resize(1 + random() % 2);
  for (T& each : list) fill(each, random);
}
inline void fill(std::map<std::string, std::string>& map, Random& random) {
  for (int i = 0; i < 2; ++i) {
    std::string key;
    fill(key, random);
    fill(map[key], random);
  }
}
template <class T>
void fill(T& value, Random& random) {
  if constexpr (std::is_same_v<T, bool>) {
    value = random() % 2 == 0;
  } else if constexpr (std::is_enum_v<T>) {
    value = static_cast<T>(random() % (static_cast<uint64_t>(T::kLast) + 1));
  } else if constexpr (std::is_arithmetic_v<T>) {
    value = static_cast<T>(random());
  } else {
    boost::pfr::for_each_field(value, [&](auto& field) { fill(field, random); });
  }
}

/// One message of each kind of a variant.
template <class Variant>
std::vector<Variant> oneOfEach(Random& random) {
  std::vector<Variant> all;
  const auto add = [&]<class T>(T message) {
    fill(message, random);
    all.emplace_back(std::move(message));
  };
  [&]<size_t... Kind>(std::index_sequence<Kind...>) { (add(std::variant_alternative_t<Kind, Variant>()), ...); }
  (std::make_index_sequence<std::variant_size_v<Variant>>());
  return all;
}

}  // namespace cerium::testing
