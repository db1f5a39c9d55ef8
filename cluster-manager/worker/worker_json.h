// Cerium. Licensed under the Apache License 2.0.
// The text of a worker's /json, and of what its pages show.
#pragma once

#include <string>

#include "cluster-manager/worker/worker_state.h"

namespace cerium::cluster_manager {

/// `self`: the worker as it registers. Names and structure are those of Spark's workers where they exist there.
[[nodiscard]] std::string workerJson(const WorkerState& state, const protocol::RegisterWorker& self);
struct WorkerPage {
  Millis now = 0;             ///< Milliseconds since 1970.
  std::string manager_pages;  ///< Where the manager's pages are, seen from the worker's; empty if that is not known.
};
/// The WorkerState of web-ui/api/openapi.yaml.
[[nodiscard]] std::string workerPageJson(const WorkerState& state, const protocol::RegisterWorker& self,
                                         const WorkerPage& page);

}  // namespace cerium::cluster_manager
