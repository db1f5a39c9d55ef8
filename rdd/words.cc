// Cerium. Licensed under the Apache License 2.0.
#include "rdd/words.h"

#include <utility>

namespace cerium {
namespace {
// The buffer of the previous line, reused for the next one: a task cuts millions of lines one after the other.
thread_local std::string t_spare;
}  // namespace

Words::Words(std::string_view line) : line_(std::exchange(t_spare, {})) { line_.assign(line); }

Words::Words(Words&& other) noexcept : line_(std::exchange(other.line_, {})) {}

Words::~Words() {
  constexpr size_t kKeep = 64 * 1024;
  if (line_.capacity() > t_spare.capacity() && line_.capacity() < kKeep) t_spare.swap(line_);
}

}  // namespace cerium
