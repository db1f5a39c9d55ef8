// Cerium. Licensed under the Apache License 2.0.
// The text of a worker's /json, and of what its pages show.
#pragma once

#include <string>

#include "cluster-manager/worker/worker_state.h"

namespace cerium::cluster_manager {

/// `self`: the worker as it registers. Names and structure are those of Spark's workers where they exist there.
[[nodiscard]] std::string workerJson(const WorkerState& state, const protocol::RegisterWorker& self);
/// The WorkerState of web-ui/api/openapi.yaml. `now`: milliseconds since 1970.
[[nodiscard]] std::string workerPageJson(const WorkerState& state, const protocol::RegisterWorker& self, Millis now);

}  // namespace cerium::cluster_manager
