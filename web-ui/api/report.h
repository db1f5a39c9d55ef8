// Cerium. Licensed under the Apache License 2.0.
// An application as one HTML file, which needs no server.
#pragma once

#include <string>

#include "web-ui/api/applications.h"
#include "web-ui/diagnosis/finding.h"

namespace cerium::api {

/// The figures, failures, diagnosis, jobs, stages, executors and changed settings. Long tables are cut and say so.
[[nodiscard]] std::string reportHtml(const store::Application& app, const Shown& shown,
                                     const std::vector<diagnosis::Finding>& findings);

}  // namespace cerium::api
