// Cerium. Licensed under the Apache License 2.0.
#include "web-ui/api/cancelling.h"

#include <fmt/format.h>

#include <set>
#include <vector>

#include "web-ui/api/parameters.h"

namespace cerium::api {

using http::Request;
using store::Application;

namespace {

/// Asks for the end of the jobs that still run; 409 if none does.
http::Response cancelJobs(Applications& applications, const Request& request, const std::set<int64_t>& jobs) {
  const std::string& app = request.params.at("app");
  const auto runs = [](const Application& application, int64_t id) {
    const auto found = application.jobs.find(id);
    return found != application.jobs.end() && found->second.status == store::JobStatus::kRunning;
  };
  std::vector<int64_t> running;
  applications.open(app).store->with([&](const Application& application) {
    for (const int64_t job : jobs) {
      if (runs(application, job)) running.push_back(job);
    }
  });
  if (running.empty()) throw http::Refusal{409, "there is nothing to cancel: it has ended"};
  for (const int64_t job : running) applications.cancelJob(app, job, "it was cancelled in the web pages");
  return {.status = 204};
}

}  // namespace

void Applications::cancelJob(const std::string& application, int64_t job, const std::string&) {
  throw http::Refusal{403,
                      fmt::format("job {} of {} cannot be cancelled here: this port shows logs", job, application)};
}

void addCancelling(http::Router& router, const std::shared_ptr<Applications>& applications) {
  const std::string app = "/api/cerium/v1/applications/{app}";
  router.post(app + "/jobs/{job}/cancel", [applications](const Request& request) {
    const Shown shown = applications->open(request.params.at("app"));
    const int64_t job = shown.store->with([&](const Application& known) { return jobOf(known, request).id; });
    return cancelJobs(*applications, request, {job});
  });
  router.post(app + "/stages/{stage}/cancel", [applications](const Request& request) {
    const auto id = place<int64_t>(request, "stage");
    const Shown shown = applications->open(request.params.at("app"));
    const auto jobs = shown.store->with([&](const Application& known) {
      const store::Stage* stage = known.lastAttempt(id);
      if (stage == nullptr) throw http::Refusal{404, fmt::format("unknown stage: {}", id)};
      return stage->jobs;
    });
    return cancelJobs(*applications, request, jobs);
  });
}

}  // namespace cerium::api
