// Cerium. Licensed under the Apache License 2.0.
// The landing page of an application, and its lines in comparisons.
#pragma once

#include <boost/json/object.hpp>

#include "web-ui/api/applications.h"

namespace cerium::api {

[[nodiscard]] boost::json::object overviewJson(const store::Application& app, const Shown& shown);

}  // namespace cerium::api
