// Cerium. Licensed under the Apache License 2.0.
#include "web-ui/api/rows.h"

#include <algorithm>
#include <boost/json.hpp>

#include "web-ui/api/applications.h"
#include "web-ui/api/spark_json.h"

namespace cerium::api {

using boost::json::array;
using boost::json::object;
using boost::json::value;
using store::Application;

namespace {

/// What is left at the pace so far; nothing while no task has ended.
std::optional<int64_t> remainingMs(int done, int all, store::Instant since, store::Instant now) {
  if (done <= 0 || all <= done || now <= since) return std::nullopt;
  return (now - since) * (all - done) / done;
}

}  // namespace

value instantOrNull(store::Instant at) { return at > 0 ? value(at) : value(nullptr); }

store::Instant viewTime(const Application& app, bool completed) {
  if (app.ended > 0) return app.ended;
  return completed ? app.last_event : now();
}

const char* statusOf(const Application& app, bool completed) {
  const bool failed = app.exit_code.value_or(0) != 0 ||
                      (!app.jobs.empty() && app.jobs.rbegin()->second.status == store::JobStatus::kFailed);
  if (app.ended > 0) return failed ? "FAILED" : "SUCCEEDED";
  return completed ? "INCOMPLETE" : "RUNNING";
}

object jobRow(const Application&, const store::Job& job, store::Instant now) {
  object row = jobJson(job);
  const bool runs = job.status == store::JobStatus::kRunning;
  row["durationMs"] = std::max<int64_t>(0, (job.ended > 0 ? job.ended : now) - job.submitted);
  if (!job.pool.empty()) row["pool"] = job.pool;
  row["cancelled"] = job.cancelled;
  if (!job.failure.empty()) row["failureReason"] = job.failure;
  if (const auto left = remainingMs(job.completed_tasks, job.num_tasks, job.submitted, now); runs && left)
    row["remainingMs"] = *left;
  row["findings"] = 0;
  return row;
}

object stageRow(const Application& app, const store::Stage& stage, store::Instant now) {
  object row = stageJson(stage);
  const eventlog::StageInfo& info = *stage.info;
  row["durationMs"] = stage.submitted > 0
                          ? value(std::max<int64_t>(0, (stage.ended > 0 ? stage.ended : now) - stage.submitted))
                          : value(nullptr);
  row["jobIds"] = array(stage.jobs.begin(), stage.jobs.end());
  row["parentIds"] = array(info.parents.begin(), info.parents.end());
  const store::Stage* last = app.lastAttempt(info.id);
  row["attempts"] = last == nullptr ? 1 : last->attempt() + 1;
  row["cancelled"] = info.outcome == "CANCELLED";
  row["readsShuffle"] = !info.parents.empty();
  row["writesShuffle"] = info.shuffle.has_value() || stage.figures.shuffle_bytes_written > 0;
  if (stage.status == store::StageStatus::kActive && now > stage.submitted && stage.submitted > 0) {
    row["tasksPerSecond"] = 1000.0 * stage.completed / static_cast<double>(now - stage.submitted);
    if (const auto left = remainingMs(stage.completed, info.num_tasks, stage.submitted, now))
      row["remainingMs"] = *left;
  }
  row["findings"] = 0;
  return row;
}

object executorRow(const store::Executor& executor, store::Instant now) {
  object row = executorJson(executor);
  row["host"] = executor.host;
  const char* status = "ALIVE";
  if (executor.leaving) status = "LEAVING";
  if (executor.excluded) status = "EXCLUDED";
  if (!executor.active) status = "DEAD";
  row["status"] = status;
  row["memoryBudgetBytes"] = executor.max_memory;
  row["storageBytes"] = executor.memory_used;
  if (!executor.uses.empty()) {
    const store::Use& last = executor.uses.back();
    if (executor.active) {
      row["heartbeatAgeMs"] = std::max<int64_t>(0, now - last.at);
      row["executionBytes"] = std::max<int64_t>(0, last.memory - executor.memory_used);
    }
    row["scratchBytes"] = last.disk;
  }
  if (!executor.removed_reason.empty()) row["deathReason"] = executor.removed_reason;
  return row;
}

}  // namespace cerium::api
