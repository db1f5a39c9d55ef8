// Cerium. Licensed under the Apache License 2.0.
// Gives back the memory that a record keeps for its growth.
#pragma once

#include "base/serde/codec.h"

namespace cerium {

/// Shrinks strings and vectors in `value`, at any depth, that have room for at least a quarter more than they hold.
/// A record that is made by appending, such as a group of groupByKey, wastes a third of its memory on average; one that
/// is cached keeps it for long. Classes with `serialize` and keys of sets and maps stay as they are.
template <class T>
void trim(T& value) {
  if constexpr (kBitwise<T> || std::is_const_v<T>) {
    return;
  } else if constexpr (serde::Container<T> || serde::StdString<T>) {
    if constexpr (requires {
                    value.shrink_to_fit();
                    value.capacity();
                  }) {
      if (value.capacity() - value.size() > value.size() / 4) value.shrink_to_fit();
    }
    if constexpr (!kBitwise<typename serde::Unconst<typename T::value_type>::type>) {
      for (auto& element : value) trim(element);
    }
  } else if constexpr (requires {
                         value.first;
                         value.second;
                       }) {
    trim(value.first);
    trim(value.second);
  } else if constexpr (requires {
                         value.has_value();
                         *value;
                       }) {
    if (value) trim(*value);
  } else if constexpr (requires { std::tuple_size<T>::value; }) {
    std::apply([](auto&... parts) { (trim(parts), ...); }, value);
  }
}

}  // namespace cerium
