// Cerium. Licensed under the Apache License 2.0.
// The manager's /json: workers, applications, drivers, what waits and why. Field names are those of Spark's master;
// memory is in MiB, times are in milliseconds since 1970.
#pragma once

#include <string>

#include "cluster-manager/manager/cluster_registry.h"

namespace cerium::cluster_manager {

struct ManagerAtAGlance {
  std::string url;
  std::string status;      ///< ALIVE, RECOVERING or STANDBY.
  Millis wall_offset = 0;  ///< Added to a Millis, it gives milliseconds since 1970.
};

[[nodiscard]] std::string managerJson(const ClusterRegistry& registry, const ManagerAtAGlance& manager);

}  // namespace cerium::cluster_manager
