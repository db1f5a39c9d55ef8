// Cerium. Licensed under the Apache License 2.0.
// The landing page of an application, and its lines in comparisons.
#pragma once

#include <boost/json/object.hpp>

#include "web-ui/api/applications.h"
#include "web-ui/diagnosis/finding.h"

namespace cerium::api {

[[nodiscard]] boost::json::object overviewJson(const store::Application& app, const Shown& shown,
                                               const std::vector<diagnosis::Finding>& findings);

}  // namespace cerium::api
