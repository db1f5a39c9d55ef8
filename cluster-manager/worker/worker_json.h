// Cerium. Licensed under the Apache License 2.0.
// What a worker's /json answers.
#pragma once

#include <string>

#include "cluster-manager/worker/worker_state.h"

namespace cerium::cluster_manager {

/// `self`: as it registers. Names and shape are those of Spark's workers, where they have them.
[[nodiscard]] std::string workerJson(const WorkerState& state, const protocol::RegisterWorker& self);

}  // namespace cerium::cluster_manager
