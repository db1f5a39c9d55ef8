// Cerium. Licensed under the Apache License 2.0.
// A stage's lineage as events tell of it.
#pragma once

#include <vector>

#include "base/events/events.h"
#include "rdd/node.h"

namespace cerium {

/// The RDDs that the stage which ends at `node` computes or reads from the cache, parents before children. O(nodes).
[[nodiscard]] std::vector<events::RddDescription> describeRdds(const RddNode& node);

}  // namespace cerium
