// Cerium. Licensed under the Apache License 2.0.
#include "rdd/ops/narrow.h"

#include <fmt/format.h>

#include "rdd/ops/partitions.h"

namespace cerium {

void throwNoNextRecord() {
  throw InvalidArgument(
      "there is no next record: the iterator is at the end of its records; ask hasNext(), or compare it with end(), "
      "before the next one is read");
}

namespace ops {

void throwUnequalZip(const RddNode& node, int partition, int64_t left, int64_t right) {
  throw InvalidArgument(
      fmt::format("{}: partition {} has {} records on the left and {} on the right; zip needs the same number",
                  node.site().str(), partition, left, right));
}

void throwCountedOtherwise(const RddNode& node, int partition, int64_t counted, int64_t found) {
  throw InvalidArgument(fmt::format(
      "{}: partition {} had {} records when they were counted and has {} {} now, so its indexes would overlap or leave "
      "a "
      "gap: the RDD is not deterministic (it draws random numbers without a fixed seed, or depends on an order that "
      "changes). Give it a seed, sort it, or persist() or checkpoint() it before",
      node.site().str(), partition, counted, found > counted ? "at least" : "only", found));
}

}  // namespace ops
}  // namespace cerium
