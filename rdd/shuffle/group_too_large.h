// Cerium. Licensed under the Apache License 2.0.
// The error of a task that cannot go on because the values of one key alone outgrow the memory of its executor.
#pragma once

#include <string>

#include "base/util/hash.h"

namespace cerium {

class TaskContext;

/// `keys` that cannot be told apart by their hash (mostly one), which hold `bytes`; `key` is the text of one of them.
[[noreturn]] void throwGroupTooLarge(TaskContext& task, size_t keys, size_t bytes, const std::string& key);

/// A key as an error names it: numbers and texts (shortened) as they are, others not at all.
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
