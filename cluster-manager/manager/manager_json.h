// Cerium. Licensed under the Apache License 2.0.
// What the manager's /json says: workers, applications, drivers, what waits and why, with the names that Spark's master
// gives them. Memory is in MiB and times are in milliseconds since 1970, as there.
#pragma once

#include <string>

#include "cluster-manager/manager/cluster_registry.h"

namespace cerium::cluster_manager {

struct ManagerAtAGlance {
  std::string url;
  std::string status;      ///< ALIVE, RECOVERING or STANDBY.
  Millis wall_offset = 0;  ///< What makes milliseconds since 1970 of a Millis.
};

[[nodiscard]] std::string managerJson(const ClusterRegistry& registry, const ManagerAtAGlance& manager);

}  // namespace cerium::cluster_manager
