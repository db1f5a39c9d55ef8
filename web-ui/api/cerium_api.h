// Cerium. Licensed under the Apache License 2.0.
// Cerium's own HTTP interface: /api/cerium/v1. web-ui/api/openapi.yaml describes each resource.
#pragma once

#include <memory>

#include "web-ui/api/applications.h"
#include "web-ui/http/router.h"

namespace cerium::api {

/// Adds all routes of one application and the list of applications.
void addCeriumApi(http::Router& router, const std::shared_ptr<Applications>& applications);

}  // namespace cerium::api
