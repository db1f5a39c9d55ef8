// Cerium. Licensed under the Apache License 2.0.
#include "rdd/shuffle/map_side.h"

#include <fmt/format.h>

namespace cerium {

void throwOutOfRange(const CallSite& site, int64_t partition, size_t partitions) {
  throw InvalidArgument(fmt::format(
      "{}: the partitioner put a key into partition {} of {}; partitions are 0 to {}, and getPartition() must "
      "return one of them",
      site.str(), partition, partitions, partitions - 1));
}

}  // namespace cerium
