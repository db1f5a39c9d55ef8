// Cerium. Licensed under the Apache License 2.0.
// What the exact sizes of shuffles say about the tasks that read them: which to start first, and where.
#pragma once

#include "driver/scheduler/dag_scheduler.h"
#include "driver/scheduler/map_output_tracker.h"

namespace cerium {

/// Puts the tasks first that read far more than the others, as the last to end decides when the stage ends; the others
/// keep their order, in which they share reads. Then fills in `near`: the executor that holds most of a large task's
/// input. Small tasks get none: a request costs less than an order in which they cannot share it.
void followSizes(dag::SubmitTasks& tasks, const MapOutputTracker& outputs);

}  // namespace cerium
