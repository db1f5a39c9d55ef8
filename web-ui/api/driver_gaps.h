// Cerium. Licensed under the Apache License 2.0.
// The times in which nothing ran on executors, as JSON.
#pragma once

#include <boost/json/array.hpp>
#include <string>

#include "web-ui/store/spans.h"

namespace cerium::api {

[[nodiscard]] boost::json::array gapsJson(const store::Spans& gaps, const std::string& text);

}  // namespace cerium::api
