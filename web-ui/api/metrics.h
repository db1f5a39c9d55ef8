// Cerium. Licensed under the Apache License 2.0.
// The figures of a running application for Prometheus.
#pragma once

#include <memory>

#include "web-ui/api/applications.h"
#include "web-ui/http/router.h"

namespace cerium::api {

/// Adds /metrics, which shows the newest of the applications.
void addMetrics(http::Router& router, const std::shared_ptr<Applications>& applications);

}  // namespace cerium::api
