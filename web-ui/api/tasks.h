// Cerium. Licensed under the Apache License 2.0.
// The tasks of a stage: their table, and their metrics as quantiles, histograms and sums by executor.
#pragma once

#include <boost/json/object.hpp>

#include "web-ui/http/message.h"
#include "web-ui/store/model.h"

namespace cerium::api {

/// A page of tasks. O(tasks of the stage); JSON is made for the page's tasks only.
[[nodiscard]] boost::json::object taskTable(const store::Application& app, const store::Stage& stage,
                                            store::Instant now, const http::Request& request);
/// O(tasks of the stage x metrics).
[[nodiscard]] boost::json::object stageMetrics(const store::Application& app, const store::Stage& stage);

}  // namespace cerium::api
