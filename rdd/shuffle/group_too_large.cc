// Cerium. Licensed under the Apache License 2.0.
#include "rdd/shuffle/group_too_large.h"

#include <fmt/format.h>

#include "base/util/printable.h"
#include "rdd/task_context.h"

namespace cerium {

void throwGroupTooLarge(TaskContext& task, size_t keys, size_t bytes, const std::string& key) {
  const MemoryManager& memory = task.services().memory();
  throw Error(fmt::format(
      "{} {} hold {} bytes, for which the executor has no room: {} of its {} bytes are in use. The group of one key "
      "has "
      "to fit into memory. Give executors more memory (cerium.executor.memory), run fewer tasks at a time in one, or "
      "combine values instead of grouping them (reduceByKey, aggregateByKey)",
      keys == 1 ? "the values of key" : fmt::format("the values of {} keys of one hash, among them", keys), key, bytes,
      memory.used(), memory.budget()));
}

std::string shortKeyText(std::string_view text) {
  constexpr size_t kShown = 80;
  if (text.size() <= kShown) return '"' + printable(text) + '"';
  return fmt::format("\"{}...\" ({} bytes)", printable(text.substr(0, kShown)), text.size());
}

}  // namespace cerium
