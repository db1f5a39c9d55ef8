// Cerium. Licensed under the Apache License 2.0.
// Failure cards: all failures with the same type, message (without its numbers) and call site as one.
#pragma once

#include <boost/json/object.hpp>
#include <vector>

#include "web-ui/http/message.h"
#include "web-ui/store/model.h"

namespace cerium::api {

/// Failures that ended a job first, then the newest. O(tasks that are kept).
[[nodiscard]] std::vector<boost::json::object> failureCards(const store::Application& app);
/// The page that the request asks for, of those of a job, a stage or an executor if it names one.
[[nodiscard]] boost::json::object failuresPage(const store::Application& app, const http::Request& request);

}  // namespace cerium::api
