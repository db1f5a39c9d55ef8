// Cerium. Licensed under the Apache License 2.0.
// How much of a shuffle each task wrote or read.
#pragma once

#include <boost/json/object.hpp>

#include "web-ui/http/message.h"
#include "web-ui/store/model.h"

namespace cerium::api {

/// Sums by map task (side=write) or reduce task (side=read) in at most 64 buckets, and the ten largest reduce tasks.
/// What each map task wrote for each reduce task is not in the events. O(tasks of the stage).
[[nodiscard]] boost::json::object shuffleHeat(const store::Stage& stage, const http::Request& request);

}  // namespace cerium::api
