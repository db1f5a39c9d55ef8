// Cerium. Licensed under the Apache License 2.0.
#include "web-ui/api/driver_gaps.h"

#include <boost/json.hpp>

namespace cerium::api {

boost::json::array gapsJson(const store::Spans& gaps, const std::string& text) {
  boost::json::array json;
  for (const auto& [from, to] : gaps) json.push_back(boost::json::object{{"from", from}, {"to", to}, {"text", text}});
  return json;
}

}  // namespace cerium::api
