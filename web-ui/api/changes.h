// Cerium. Licensed under the Apache License 2.0.
// Server-sent events that tell pages what has changed.
#pragma once

#include <memory>

#include "web-ui/api/applications.h"
#include "web-ui/http/router.h"

namespace cerium::api {

/// .../applications/{app}/changes
void addChanges(http::Router& router, const std::shared_ptr<Applications>& applications);

}  // namespace cerium::api
