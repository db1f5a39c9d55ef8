// Cerium. Licensed under the Apache License 2.0.
// "Did you mean": which of some words a misspelt one is closest to.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

namespace cerium {

/// How many letters must be inserted, removed or replaced to make `b` of `a`; upper and lower case are the same.
[[nodiscard]] size_t editDistance(std::string_view a, std::string_view b);

/// The first of the words with the least distance from `word`; empty where there are none.
[[nodiscard]] std::string_view nearestWord(std::string_view word, std::span<const std::string_view> words);

}  // namespace cerium
