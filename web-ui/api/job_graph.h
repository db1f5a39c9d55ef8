// Cerium. Licensed under the Apache License 2.0.
// A job as a graph of stages and operations, with the chain of stages that set its time.
#pragma once

#include <boost/json/object.hpp>

#include "web-ui/store/model.h"

namespace cerium::api {

/// The critical path leads from the end of the job back: from each stage to the parent that ended last before it began.
[[nodiscard]] boost::json::object jobGraph(const store::Application& app, const store::Job& job, store::Instant now);

}  // namespace cerium::api
