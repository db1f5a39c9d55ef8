// Cerium. Licensed under the Apache License 2.0.
// "Did you mean": the known word that is closest to a misspelt one.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

namespace cerium {

/// How many letters to insert, remove or replace to turn `a` into `b`. Case is ignored.
[[nodiscard]] size_t editDistance(std::string_view a, std::string_view b);

/// The first of `words` with the least distance from `word`; empty if `words` is empty.
[[nodiscard]] std::string_view nearestWord(std::string_view word, std::span<const std::string_view> words);

}  // namespace cerium
