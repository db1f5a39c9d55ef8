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

}  // namespace ops
}  // namespace cerium
