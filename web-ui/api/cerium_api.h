// Cerium. Licensed under the Apache License 2.0.
// Cerium's own HTTP interface: /api/cerium/v1. web-ui/api/openapi.yaml describes each resource.
#pragma once

#include <memory>
#include <string>

#include "web-ui/api/applications.h"
#include "web-ui/http/router.h"

namespace cerium::api {

/// What a port is, for the pages.
struct Port {
  std::string pages;    ///< "driver", "history", "manager" or "worker".
  std::string version;  ///< Cerium's.
};

/// Adds all routes of one application, the list of applications, and `session`.
void addCeriumApi(http::Router& router, const std::shared_ptr<Applications>& applications, const Port& port);

}  // namespace cerium::api
