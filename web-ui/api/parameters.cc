// Cerium. Licensed under the Apache License 2.0.
#include "web-ui/api/parameters.h"

namespace cerium::api {

using http::Refusal;
using http::Request;
using store::Application;
using store::Stage;

const Stage& stageOf(const Application& app, const Request& request) {
  const auto id = place<int64_t>(request, "stage");
  const Stage* stage = app.find(id, place<int>(request, "attempt"));
  if (stage != nullptr) return *stage;
  if (const Stage* last = app.lastAttempt(id)) {
    throw Refusal{404, fmt::format("unknown attempt for stage {}.  Found attempts: [{}]", id, last->attempt())};
  }
  throw Refusal{404, fmt::format("unknown stage: {}", id)};
}

const store::Job& jobOf(const Application& app, const Request& request) {
  const auto id = place<int64_t>(request, "job");
  const auto found = app.jobs.find(id);
  if (found == app.jobs.end()) throw Refusal{404, fmt::format("unknown job: {}", id)};
  return found->second;
}

}  // namespace cerium::api
