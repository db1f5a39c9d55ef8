// Cerium. Licensed under the Apache License 2.0.
#include "web-ui/api/overview.h"

#include <fmt/format.h>

#include <boost/json.hpp>
#include <map>

#include "web-ui/api/failures.h"
#include "web-ui/api/findings.h"
#include "web-ui/api/rows.h"

namespace cerium::api {

using boost::json::array;
using boost::json::object;
using store::Application;

namespace {

constexpr size_t kRunningShown = 20;
constexpr size_t kFailuresShown = 3;
constexpr size_t kFindingsShown = 5;

object jobCounts(const Application& app) {
  std::map<std::string, int64_t> count{{"running", 0}, {"succeeded", 0}, {"failed", 0}, {"cancelled", 0}};
  for (const auto& [id, job] : app.jobs) {
    if (job.status == store::JobStatus::kRunning) ++count["running"];
    if (job.status == store::JobStatus::kSucceeded) ++count["succeeded"];
    if (job.status == store::JobStatus::kFailed) ++count[job.cancelled ? "cancelled" : "failed"];
  }
  return object(count.begin(), count.end());
}

object stageCounts(const Application& app) {
  std::map<std::string, int64_t> count{{"active", 0}, {"pending", 0}, {"complete", 0}, {"failed", 0}, {"skipped", 0}};
  const char* names[] = {"pending", "active", "complete", "failed", "skipped"};
  for (const auto& [key, stage] : app.stages) ++count[names[static_cast<size_t>(stage.status)]];
  return object(count.begin(), count.end());
}

/// What the pages cannot show, and why.
array notesOf(const Application& app, const Shown& shown) {
  array notes(shown.notes.begin(), shown.notes.end());
  int64_t forgotten = 0;
  for (const auto& [key, stage] : app.stages) forgotten += stage.forgotten;
  if (forgotten > 0)
    notes.push_back(boost::json::string(
        fmt::format("{} of the older tasks made room for others (cerium.ui.store.maxBytes)", forgotten)));
  if (app.jobs_forgotten > 0)
    notes.push_back(boost::json::string(
        fmt::format("{} of the older jobs made room for others (cerium.ui.retainedJobs)", app.jobs_forgotten)));
  if (app.stages_forgotten > 0)
    notes.push_back(boost::json::string(
        fmt::format("{} of the older stages made room for others (cerium.ui.retainedStages)", app.stages_forgotten)));
  return notes;
}

}  // namespace

object overviewJson(const Application& app, const Shown& shown, const std::vector<diagnosis::Finding>& findings) {
  const store::Instant at = viewTime(app, shown.completed);
  eventlog::TaskFigures sum;
  int64_t running = 0, succeeded = 0, failed = 0, killed = 0;
  array running_stages;
  for (const auto& [key, stage] : app.stages) {
    sum += stage.figures;
    running += stage.active;
    succeeded += stage.completed;
    failed += stage.failed;
    killed += stage.killed;
    if (stage.status == store::StageStatus::kActive && running_stages.size() < kRunningShown)
      running_stages.push_back(stageRow(app, stage, at));
  }
  array running_jobs;
  for (const auto& [id, job] : app.jobs) {
    if (job.status == store::JobStatus::kRunning && running_jobs.size() < kRunningShown)
      running_jobs.push_back(jobRow(app, job, at));
  }
  int64_t alive = 0, dead = 0, cores = 0, busy = 0, memory = 0, limit = 0;
  for (const auto& [id, executor] : app.executors) {
    if (id == "driver" && executor.cores == 0) continue;
    ++(executor.active ? alive : dead);
    if (!executor.active) continue;
    cores += executor.cores;
    busy += std::min(executor.active_tasks, executor.cores);
    memory += executor.uses.empty() ? executor.memory_used : executor.uses.back().memory;
    limit += executor.max_memory;
  }
  std::vector<object> cards = failureCards(app);
  array failures;
  for (size_t i = 0; i < cards.size() && i < kFailuresShown; ++i) failures.push_back(cards[i]);
  array worst;
  for (size_t i = 0; i < findings.size() && i < kFindingsShown; ++i) worst.push_back(findingJson(findings[i]));
  return {{"id", app.id},
          {"name", app.name},
          {"user", app.user},
          {"master", app.master},
          {"host", ""},
          {"source", app.cerium.empty() ? "spark" : "cerium"},
          {"engineVersion", app.cerium.empty() ? app.version : app.cerium},
          {"status", statusOf(app, shown.completed)},
          {"startedAt", app.started},
          {"endedAt", instantOrNull(app.ended)},
          {"now", now()},
          {"lastEventAt", app.last_event},
          {"eventsDropped", app.events_dropped},
          {"notes", notesOf(app, shown)},
          {"jobs", jobCounts(app)},
          {"stages", stageCounts(app)},
          {"tasks", object{{"running", running}, {"succeeded", succeeded}, {"failed", failed}, {"killed", killed}}},
          {"executorsAlive", alive},
          {"executorsDead", dead},
          {"cores", cores},
          {"coresBusy", busy},
          {"memoryUsedBytes", memory},
          {"memoryLimitBytes", limit},
          {"inputBytes", sum.input_bytes},
          {"shuffleReadBytes", sum.shuffleBytesRead()},
          {"shuffleWriteBytes", sum.shuffle_bytes_written},
          {"outputBytes", sum.output_bytes},
          {"spilledBytes", sum.disk_spilled},
          {"runningJobs", std::move(running_jobs)},
          {"runningStages", std::move(running_stages)},
          {"failures", std::move(failures)},
          {"failuresTotal", cards.size()},
          {"findings", std::move(worst)},
          {"findingsTotal", findings.size()}};
}

}  // namespace cerium::api
