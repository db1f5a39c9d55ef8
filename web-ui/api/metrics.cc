// Cerium. Licensed under the Apache License 2.0.
#include "web-ui/api/metrics.h"

#include <algorithm>

#include "web-ui/http/prometheus.h"

namespace cerium::api {
namespace {

using store::Application;
using store::Executor;
using store::JobStatus;
using store::StageStatus;

void tellWork(http::Metrics& metrics, const Application& app) {
  const auto jobs = [&](JobStatus status) {
    return std::count_if(app.jobs.begin(), app.jobs.end(),
                         [&](const auto& job) { return job.second.status == status; });
  };
  metrics.states("cerium_jobs", "Jobs of the application; the pages have forgotten the oldest ones.",
                 {{"running", jobs(JobStatus::kRunning)},
                  {"succeeded", jobs(JobStatus::kSucceeded)},
                  {"failed", jobs(JobStatus::kFailed)},
                  {"forgotten", app.jobs_forgotten}});
  const auto stages = [&](StageStatus status) {
    return std::count_if(app.stages.begin(), app.stages.end(),
                         [&](const auto& stage) { return stage.second.status == status; });
  };
  metrics.states("cerium_stages", "Attempts of stages; the pages have forgotten the oldest ones.",
                 {{"pending", stages(StageStatus::kPending)},
                  {"active", stages(StageStatus::kActive)},
                  {"complete", stages(StageStatus::kComplete)},
                  {"failed", stages(StageStatus::kFailed)},
                  {"skipped", stages(StageStatus::kSkipped)},
                  {"forgotten", app.stages_forgotten}});
}

void tellExecutors(http::Metrics& metrics, const Application& app) {
  Executor all;
  int64_t active = 0;
  int64_t cores = 0;
  for (const auto& [id, executor] : app.executors) {
    all.active_tasks += executor.active_tasks;
    all.completed_tasks += executor.completed_tasks;
    all.failed_tasks += executor.failed_tasks;
    if (!executor.active) continue;
    ++active;
    cores += executor.cores;
    all.memory_used += executor.memory_used;
    all.max_memory += executor.max_memory;
    all.disk_used += executor.disk_used;
  }
  const auto dead = static_cast<int64_t>(app.executors.size()) - active;
  metrics.states("cerium_tasks", "Tasks that were given to executors.",
                 {{"running", all.active_tasks}, {"completed", all.completed_tasks}, {"failed", all.failed_tasks}});
  metrics.states("cerium_executors", "Executors.", {{"active", active}, {"dead", dead}});
  const auto gauge = [&](const char* name, const char* help, int64_t value) {
    metrics.gauge(name, help, static_cast<double>(value));
  };
  gauge("cerium_cores", "Cores of the active executors.", cores);
  gauge("cerium_storage_memory_used_bytes", "Memory that blocks take on the active executors.", all.memory_used);
  gauge("cerium_storage_memory_max_bytes", "Memory that blocks may take on the active executors.", all.max_memory);
  gauge("cerium_storage_disk_used_bytes", "Disk that blocks take on the active executors.", all.disk_used);
}

}  // namespace

void addMetrics(http::Router& router, const std::shared_ptr<Applications>& applications) {
  router.get("/metrics", [applications](const http::Request&) {
    http::Metrics metrics;
    applications->open(applications->list().at(0).id).store->with([&](const Application& app) {
      tellWork(metrics, app);
      tellExecutors(metrics, app);
      metrics.counter("cerium_events_dropped_total", "Events of tasks that the pages were too slow to take.",
                      static_cast<double>(app.events_dropped));
    });
    return metrics.response();
  });
}

}  // namespace cerium::api
