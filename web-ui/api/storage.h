// Cerium. Licensed under the Apache License 2.0.
// Cached RDDs and the executors that hold them; what an executor used over time.
#pragma once

#include <boost/json/object.hpp>

#include "web-ui/http/message.h"
#include "web-ui/store/model.h"

namespace cerium::api {

[[nodiscard]] boost::json::object storageJson(const store::Application& app);
/// The executor that the path names: {executor}.
[[nodiscard]] boost::json::object executorSeries(const store::Application& app, store::Instant now,
                                                 const http::Request& request);

}  // namespace cerium::api
