// Cerium. Licensed under the Apache License 2.0.
// Ends running jobs for a page.
#pragma once

#include <memory>

#include "web-ui/api/applications.h"
#include "web-ui/http/router.h"

namespace cerium::api {

/// Adds .../jobs/{job}/cancel and .../stages/{stage}/cancel, which ends the jobs that need the stage.
void addCancelling(http::Router& router, const std::shared_ptr<Applications>& applications);

}  // namespace cerium::api
