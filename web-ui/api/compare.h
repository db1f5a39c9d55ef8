// Cerium. Licensed under the Apache License 2.0.
// Two runs of a program side by side, and a run as a trace.
#pragma once

#include <boost/json/object.hpp>

#include "web-ui/store/model.h"

namespace cerium::api {

/// Stages are matched by name and order among those of that name; the largest difference comes first.
[[nodiscard]] boost::json::object compareJson(const store::Application& left, bool left_over,
                                              const store::Application& right, bool right_over);

/// The tasks, stages and jobs as Chrome's trace events, which Perfetto opens. O(tasks that are kept).
[[nodiscard]] std::string traceJson(const store::Application& app, store::Instant now);

}  // namespace cerium::api
