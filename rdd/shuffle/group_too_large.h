// Cerium. Licensed under the Apache License 2.0.
// The error of a task in which the values of one key alone exceed the executor's memory.
#pragma once

#include <string>

#include "base/util/hash.h"

namespace cerium {

class TaskContext;

/// `keys`: how many keys (mostly one) have the same hash and hold `bytes` together; `key` is the text of one of them.
[[noreturn]] void throwGroupTooLarge(TaskContext& task, size_t keys, size_t bytes, const std::string& key);

/// A key as an error shows it: numbers, and texts (shortened). Other keys are not shown.
[[nodiscard]] std::string shortKeyText(std::string_view text);
template <class K>
std::string keyText(const K& key) {
  if constexpr (std::is_arithmetic_v<K>) {
    return std::to_string(key);
  } else if constexpr (keys::Text<K>) {
    return shortKeyText(key);
  } else {
    return "(not a number or text)";
  }
}

}  // namespace cerium
