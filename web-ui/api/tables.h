// Cerium. Licensed under the Apache License 2.0.
// The tables of jobs, stages, executors, blocks and settings (web-ui/api/table.h: sorting, search and pages).
#pragma once

#include <boost/json/object.hpp>

#include "web-ui/http/message.h"
#include "web-ui/store/model.h"

namespace cerium::api {

[[nodiscard]] boost::json::object jobTable(const store::Application& app, store::Instant now,
                                           const http::Request& request);
[[nodiscard]] boost::json::object stageTable(const store::Application& app, store::Instant now,
                                             const http::Request& request);
[[nodiscard]] boost::json::object executorTable(const store::Application& app, store::Instant now,
                                                const http::Request& request);
/// The executor that the path names: {executor}.
[[nodiscard]] boost::json::object executorOf(const store::Application& app, store::Instant now,
                                             const http::Request& request);
/// The blocks of the RDD that the path names: {rdd}.
[[nodiscard]] boost::json::object blockTable(const store::Application& app, const http::Request& request);
/// Changed settings first, then by key.
[[nodiscard]] boost::json::object environmentTable(const store::Application& app, const http::Request& request);

}  // namespace cerium::api
