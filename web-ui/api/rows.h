// Cerium. Licensed under the Apache License 2.0.
// Rows of Cerium's tables: Spark's fields and further ones.
#pragma once

#include <boost/json/object.hpp>

#include "web-ui/store/model.h"

namespace cerium::api {

[[nodiscard]] boost::json::object jobRow(const store::Application& app, const store::Job& job, store::Instant now);
[[nodiscard]] boost::json::object stageRow(const store::Application& app, const store::Stage& stage,
                                           store::Instant now);
[[nodiscard]] boost::json::object executorRow(const store::Executor& executor, store::Instant now);

/// "RUNNING", "SUCCEEDED", "FAILED" or "INCOMPLETE". `completed`: nothing is added to the application any more.
[[nodiscard]] const char* statusOf(const store::Application& app, bool completed);
/// An instant as a number; null while it is unknown.
[[nodiscard]] boost::json::value instantOrNull(store::Instant at);
/// The instant at which an application is looked at: now, or its end.
[[nodiscard]] store::Instant viewTime(const store::Application& app, bool completed);

}  // namespace cerium::api
