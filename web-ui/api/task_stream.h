// Cerium. Licensed under the Apache License 2.0.
// Tasks over time, a lane for each core; and the events of an application over time.
#pragma once

#include <boost/json/object.hpp>

#include "web-ui/http/message.h"
#include "web-ui/store/model.h"

namespace cerium::api {

/// At most some 10,000 boxes, however many tasks there are: tasks that are narrower than a pixel share a box. O(tasks
/// that are kept).
[[nodiscard]] boost::json::object taskStream(const store::Application& app, store::Instant now,
                                             const http::Request& request);
[[nodiscard]] boost::json::object timeline(const store::Application& app, store::Instant now,
                                           const http::Request& request);

}  // namespace cerium::api
