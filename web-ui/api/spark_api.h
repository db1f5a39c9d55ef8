// Cerium. Licensed under the Apache License 2.0.
// Spark's REST API: /api/v1/applications and what is below it.
#pragma once

#include <memory>

#include "web-ui/api/applications.h"
#include "web-ui/http/router.h"

namespace cerium::api {

/// Adds the routes. Paths with an attempt of the application (".../applications/ID/1/jobs") are answered as those
/// without.
void addSparkApi(http::Router& router, const std::shared_ptr<Applications>& applications);

/// The JSON of an answer.
[[nodiscard]] http::Response jsonResponse(const boost::json::value& value);

}  // namespace cerium::api
