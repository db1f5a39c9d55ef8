// Cerium. Licensed under the Apache License 2.0.
#include "web-ui/api/changes.h"

#include <fmt/format.h>

#include <boost/json.hpp>

namespace cerium::api {
namespace {

using boost::json::array;
using boost::json::object;
using store::AppStore;

constexpr const char* kTopics[] = {"application", "jobs", "stages", "tasks", "executors", "storage", "environment"};
static_assert(std::size(kTopics) == store::kParts);

/// What one browser has been told.
class Changes {
 public:
  explicit Changes(Shown shown) : shown_(std::move(shown)) {}

  std::string next() {
    const AppStore::Versions now_at = shown_.store->versions();
    array changed;
    for (size_t part = 0; part < store::kParts; ++part) {
      if (version_ == 0 || now_at[part] != told_[part]) changed.emplace_back(kTopics[part]);
    }
    if (changed.empty()) return {};
    changed.emplace_back("failures");
    changed.emplace_back("findings");
    told_ = now_at;
    object message{{"version", ++version_}, {"changed", std::move(changed)}, {"now", now()}};
    if (shown_.completed) message["ended"] = true;
    return "data: " + boost::json::serialize(message) + "\n\n";
  }

 private:
  const Shown shown_;
  AppStore::Versions told_{};
  int64_t version_ = 0;
};

}  // namespace

void addChanges(http::Router& router, const std::shared_ptr<Applications>& applications) {
  router.get("/api/cerium/v1/applications/{app}/changes", [applications](const http::Request& request) {
    auto changes = std::make_shared<Changes>(applications->open(request.params.at("app")));
    http::Response response;
    response.events = [changes] { return changes->next(); };
    return response;
  });
}

}  // namespace cerium::api
