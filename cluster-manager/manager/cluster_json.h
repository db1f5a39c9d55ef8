// Cerium. Licensed under the Apache License 2.0.
// What the manager's pages show, and its figures for Prometheus; web-ui/api/openapi.yaml describes the fields.
#pragma once

#include <string>

#include "cluster-manager/manager/manager_json.h"
#include "web-ui/http/message.h"

namespace cerium::cluster_manager {

/// The Cluster of the web interface. `now`: milliseconds since 1970.
[[nodiscard]] std::string clusterJson(const ClusterRegistry& registry, const ManagerAtAGlance& manager, Millis now);

[[nodiscard]] http::Response clusterMetrics(const ClusterRegistry& registry);

}  // namespace cerium::cluster_manager
