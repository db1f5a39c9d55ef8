// Cerium. Licensed under the Apache License 2.0.
// A record as a line of text, for saveAsTextFile and pipe. Strings are unchanged, numbers have the shortest form that
// reads back the same, pairs and tuples are (a,b), containers [a, b]; other types use their toString().
#pragma once

#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>

#include "base/util/hash.h"

namespace cerium::ops {

void appendNumber(std::string& out, double value);
void appendNumber(std::string& out, float value);
void appendNumber(std::string& out, int64_t value);
void appendNumber(std::string& out, uint64_t value);

template <class T>
void appendText(std::string& out, const T& value) {
  if constexpr (std::is_same_v<T, bool>) {
    out += value ? "true" : "false";
  } else if constexpr (std::is_same_v<T, char>) {
    out += value;
  } else if constexpr (std::is_floating_point_v<T>) {
    appendNumber(out, value);
  } else if constexpr (std::is_enum_v<T>) {
    appendText(out, static_cast<std::underlying_type_t<T>>(value));
  } else if constexpr (std::is_integral_v<T>) {
    appendNumber(out, static_cast<std::conditional_t<std::is_signed_v<T>, int64_t, uint64_t>>(value));
  } else if constexpr (keys::Text<T>) {
    out += std::string_view(value);
  } else if constexpr (keys::Pair<T>) {
    out += '(';
    appendText(out, value.first);
    out += ',';
    appendText(out, value.second);
    out += ')';
  } else if constexpr (keys::Optional<T>) {
    if (value) {
      out += "Some(";
      appendText(out, *value);
      out += ')';
    } else {
      out += "None";
    }
  } else if constexpr (keys::Sequence<T>) {
    out += '[';
    bool first = true;
    for (const auto& element : value) {
      if (!first) out += ", ";
      first = false;
      appendText(out, static_cast<const typename T::value_type&>(element));
    }
    out += ']';
  } else if constexpr (keys::TupleLike<T>) {
    out += '(';
    std::apply(
        [&out](const auto&... parts) {
          bool first = true;
          ((out += first ? "" : ",", first = false, appendText(out, parts)), ...);
        },
        value);
    out += ')';
  } else {
    static_assert(
        requires { value.toString(); },
        "cerium: saveAsTextFile: this record type has no text form; map it to a string first, or give it a "
        "`std::string toString() const`");
    out += value.toString();
  }
}

}  // namespace cerium::ops
