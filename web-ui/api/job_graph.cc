// Cerium. Licensed under the Apache License 2.0.
#include "web-ui/api/job_graph.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <set>

#include "web-ui/api/driver_gaps.h"
#include "web-ui/api/rows.h"
#include "web-ui/api/spark_json.h"

namespace cerium::api {

using boost::json::array;
using boost::json::object;
using boost::json::value;
using store::Application;
using store::Instant;
using store::Job;
using store::Stage;

namespace {

std::vector<const Stage*> stagesOf(const Application& app, const Job& job) {
  std::vector<const Stage*> stages;
  for (int64_t id : job.stage_ids) {
    if (const Stage* stage = app.lastAttempt(id)) stages.push_back(stage);
  }
  return stages;
}

/// The times in which the stage ran for this job: the first attempt's begin, the last one's end.
std::pair<Instant, Instant> spanOf(const Application& app, const Job& job, const Stage& stage, Instant now) {
  Instant begin = stage.submitted;
  for (int attempt = 0; attempt < stage.attempt(); ++attempt) {
    const Stage* earlier = app.find(stage.id(), attempt);
    if (earlier != nullptr && earlier->submitted >= job.submitted && earlier->submitted > 0)
      begin = std::min(begin, earlier->submitted);
  }
  return {begin, stage.ended > 0 ? stage.ended : now};
}

array operationsOf(const Application& app, const Stage& stage) {
  array operations;
  for (auto rdd = stage.info->rdds.rbegin(); rdd != stage.info->rdds.rend(); ++rdd) {
    const auto cached = app.rdds.find(rdd->id);
    operations.push_back(
        object{{"rddId", rdd->id},
               {"name", rdd->name},
               {"callSite", rdd->call_site},
               {"cached", rdd->level.isValid()},
               {"fromCache", cached != app.rdds.end() && stage.submitted > 0 && rdd->level.isValid() &&
                                 cached->second.blocks.size() == static_cast<size_t>(rdd->num_partitions) &&
                                 stage.figures.input_bytes == 0 && rdd != stage.info->rdds.rbegin()},
               {"numPartitions", rdd->num_partitions},
               {"parents", array(rdd->parents.begin(), rdd->parents.end())}});
  }
  return operations;
}

/// Stages of the path, the first one first.
std::vector<const Stage*> criticalPath(const Application& app, const Job& job, const std::vector<const Stage*>& stages,
                                       Instant now) {
  const auto ran = [&](const Stage* stage) { return stage->submitted > 0 && stage->submitted >= job.submitted; };
  const auto end = [&](const Stage* stage) { return spanOf(app, job, *stage, now).second; };
  const Stage* at = nullptr;
  for (const Stage* stage : stages) {
    if (ran(stage) && (at == nullptr || end(stage) >= end(at))) at = stage;
  }
  std::vector<const Stage*> path;
  std::set<int64_t> seen;
  while (at != nullptr && seen.insert(at->id()).second) {
    path.push_back(at);
    const Stage* before = nullptr;
    for (int64_t parent : at->info->parents) {
      const Stage* stage = app.lastAttempt(parent);
      if (stage != nullptr && ran(stage) && (before == nullptr || end(stage) > end(before))) before = stage;
    }
    at = before;
  }
  std::reverse(path.begin(), path.end());
  return path;
}

array pathParts(const Application& app, const Job& job, const std::vector<const Stage*>& path, Instant now) {
  array parts;
  Instant covered = job.submitted;
  const Instant job_end = job.ended > 0 ? job.ended : now;
  const auto driver = [&](Instant until) {
    if (until <= covered) return;
    parts.push_back(object{{"kind", "driver"},
                           {"from", covered},
                           {"to", until},
                           {"text", "the driver planned, fetched or merged results, or waited for executors"}});
    covered = until;
  };
  for (const Stage* stage : path) {
    const auto [begin, end] = spanOf(app, job, *stage, now);
    driver(std::min(begin, job_end));
    if (end <= covered) continue;
    object part{{"kind", "stage"}, {"stageId", stage->id()}, {"attemptId", stage->attempt()}};
    const store::Task* last = nullptr;
    for (const store::Task& task : stage->tasks) {
      if (last == nullptr || task.finished > last->finished) last = &task;
    }
    if (last != nullptr) part["taskId"] = last->id;
    part["from"] = covered;
    part["to"] = std::min(end, job_end);
    part["text"] = last == nullptr ? stage->info->name
                                   : fmt::format("{}; task {} of partition {} ended last", stage->info->name, last->id,
                                                 last->index);
    parts.push_back(std::move(part));
    covered = std::max(covered, std::min(end, job_end));
  }
  driver(job_end);
  return parts;
}

object stageJson(const Application& app, const Job& job, const Stage& stage, bool on_path, Instant now) {
  const auto [begin, end] = spanOf(app, job, stage, now);
  return {{"stageId", stage.id()},
          {"attemptId", stage.attempt()},
          {"name", stage.info->name},
          {"status", nameOf(stage.status)},
          {"from", instantOrNull(begin)},
          {"to", stage.ended > 0 ? value(end) : value(nullptr)},
          {"numTasks", stage.info->num_tasks},
          {"numCompleteTasks", stage.completed},
          {"numFailedTasks", stage.failed},
          {"attempts", stage.attempt() + 1},
          {"onCriticalPath", on_path},
          {"findings", 0},
          {"operations", operationsOf(app, stage)}};
}

}  // namespace

object jobGraph(const Application& app, const Job& job, Instant now) {
  const auto stages = stagesOf(app, job);
  const auto path = criticalPath(app, job, stages, now);
  std::set<int64_t> on_path;
  for (const Stage* stage : path) on_path.insert(stage->id());
  array nodes;
  array edges;
  store::Spans busy;
  for (const Stage* stage : stages) {
    nodes.push_back(stageJson(app, job, *stage, on_path.contains(stage->id()), now));
    const auto span = spanOf(app, job, *stage, now);
    if (span.first >= job.submitted) busy.push_back(span);
    for (int64_t id : stage->info->parents) {
      const Stage* parent = app.lastAttempt(id);
      if (parent == nullptr) continue;
      edges.push_back(object{{"from", id},
                             {"to", stage->id()},
                             {"shuffleId", parent->info->shuffle.value_or(-1)},
                             {"bytes", parent->figures.shuffle_bytes_written},
                             {"records", parent->figures.shuffle_records_written},
                             {"onCriticalPath", on_path.contains(id) && on_path.contains(stage->id())}});
    }
  }
  const Instant end = job.ended > 0 ? job.ended : now;
  return {{"jobId", job.id},
          {"from", job.submitted},
          {"to", instantOrNull(job.ended)},
          {"stages", std::move(nodes)},
          {"edges", std::move(edges)},
          {"driverGaps", gapsJson(store::gapsBetween(std::move(busy), job.submitted, end),
                                  "no stage of the job ran: the driver planned, fetched or merged results, or waited "
                                  "for executors")},
          {"criticalPath", pathParts(app, job, path, now)}};
}

}  // namespace cerium::api
