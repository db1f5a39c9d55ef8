// Cerium. Licensed under the Apache License 2.0.
#include "cluster-manager/cluster_changes.h"

#include <boost/json.hpp>
#include <chrono>
#include <optional>
#include <utility>

namespace cerium::cluster_manager {

http::Response streamChanges(std::function<uint64_t()> version) {
  http::Response response;
  response.events = [version = std::move(version), told = std::optional<uint64_t>(), count = int64_t{0}]() mutable {
    const uint64_t now_at = version();
    if (told == now_at) return std::string();
    told = now_at;
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    const boost::json::object message{{"version", ++count},
                                      {"changed", boost::json::array{"cluster"}},
                                      {"now", std::chrono::duration_cast<std::chrono::milliseconds>(now).count()}};
    return "data: " + boost::json::serialize(message) + "\n\n";
  };
  return response;
}

}  // namespace cerium::cluster_manager
