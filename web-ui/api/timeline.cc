// Cerium. Licensed under the Apache License 2.0.
// The events of an application over time.
#include <algorithm>
#include <boost/json.hpp>

#include "web-ui/api/driver_gaps.h"
#include "web-ui/api/parameters.h"
#include "web-ui/api/rows.h"
#include "web-ui/api/spark_json.h"
#include "web-ui/api/task_stream.h"

namespace cerium::api {

using boost::json::array;
using boost::json::object;
using store::Application;
using store::Instant;

namespace {

constexpr size_t kMostRows = 1000;

template <class Of>
array longest(std::vector<const Of*> all, Instant now, object (*json)(const Of&)) {
  const auto length = [now](const Of* one) { return (one->ended > 0 ? one->ended : now) - one->submitted; };
  if (all.size() > kMostRows) {
    std::nth_element(all.begin(), all.begin() + kMostRows, all.end(),
                     [&](const Of* a, const Of* b) { return length(a) > length(b); });
    all.resize(kMostRows);
  }
  std::sort(all.begin(), all.end(), [](const Of* a, const Of* b) { return a->submitted < b->submitted; });
  array rows;
  for (const Of* one : all) rows.push_back(json(*one));
  return rows;
}

object jobLine(const store::Job& job) {
  return {{"jobId", job.id},
          {"name", job.name},
          {"status", nameOf(job.status)},
          {"from", job.submitted},
          {"to", instantOrNull(job.ended)}};
}
object stageLine(const store::Stage& stage) {
  return {{"stageId", stage.id()},
          {"attemptId", stage.attempt()},
          {"jobId", stage.jobs.empty() ? -1 : *stage.jobs.begin()},
          {"name", stage.info->name},
          {"status", nameOf(stage.status)},
          {"from", stage.submitted},
          {"to", instantOrNull(stage.ended)}};
}

}  // namespace

object timeline(const Application& app, Instant now, const http::Request& request) {
  const auto from = parameter<int64_t>(request, "from", app.started);
  const auto to = parameter<int64_t>(request, "to", now);
  const auto in_range = [&](Instant begin, Instant end) {
    return begin > 0 && begin <= to && (end == 0 || end >= from);
  };
  array executors;
  for (const auto& change : app.changes) {
    if (change.at < from || change.at > to || executors.size() == kMostRows) continue;
    executors.push_back(object{{"at", change.at},
                               {"kind", change.kind},
                               {"executorId", change.executor},
                               {"host", change.host},
                               {"reason", change.reason},
                               {"failure", change.kind == "removed" && app.ended == 0 && !change.reason.empty()}});
  }
  std::vector<const store::Job*> jobs;
  std::vector<std::pair<Instant, Instant>> busy;
  for (const auto& [id, job] : app.jobs) {
    if (!in_range(job.submitted, job.ended)) continue;
    jobs.push_back(&job);
    busy.emplace_back(job.submitted, job.ended > 0 ? job.ended : now);
  }
  std::vector<const store::Stage*> stages;
  for (const auto& [key, stage] : app.stages) {
    if (in_range(stage.submitted, stage.ended)) stages.push_back(&stage);
  }
  const size_t jobs_total = jobs.size();
  const size_t stages_total = stages.size();
  return {{"from", from},
          {"to", to},
          {"now", now},
          {"executors", std::move(executors)},
          {"jobs", longest(std::move(jobs), now, jobLine)},
          {"jobsTotal", jobs_total},
          {"stages", longest(std::move(stages), now, stageLine)},
          {"stagesTotal", stages_total},
          {"driverGaps", gapsJson(store::gapsBetween(std::move(busy), std::max(from, app.started), std::min(to, now)),
                                  "no job ran: the driver worked on its own")}};
}

}  // namespace cerium::api
