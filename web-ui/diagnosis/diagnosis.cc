// Cerium. Licensed under the Apache License 2.0.
#include "web-ui/diagnosis/diagnosis.h"

#include <fmt/format.h>

#include <algorithm>

#include "web-ui/diagnosis/rules.h"

namespace cerium::diagnosis {
namespace {

int coresOf(const store::Application& app) {
  int alive = 0;
  int all = 0;
  for (const auto& [id, executor] : app.executors) {
    all = std::max(all, executor.cores);
    if (executor.active) alive += executor.cores;
  }
  return std::max(alive, all);
}

using StageRule = void (*)(const Scene&, const store::Stage&, Findings&);
using JobRule = void (*)(const Scene&, const store::Job&, Findings&);
constexpr StageRule kStageRules[] = {skew, smallTasks, fewPartitions, spill, slowNode, waiting, groupByKey, retried};
constexpr JobRule kJobRules[] = {driverTime, largeResults};

}  // namespace

std::vector<Finding> diagnose(const store::Application& app, store::Instant now, const Thresholds& thresholds) {
  const Scene scene{app, now, thresholds, coresOf(app)};
  Findings found;
  for (const auto& [key, stage] : app.stages) {
    if (stage.submitted == 0) continue;
    for (StageRule rule : kStageRules) rule(scene, stage, found);
  }
  for (const auto& [id, job] : app.jobs) {
    for (JobRule rule : kJobRules) rule(scene, job, found);
  }
  recomputation(scene, found);
  std::stable_sort(found.begin(), found.end(), [](const Finding& a, const Finding& b) {
    return a.severity != b.severity ? a.severity < b.severity : a.cost_ms > b.cost_ms;
  });
  return found;
}

Finding aboutStage(const char* rule, const store::Stage& stage) {
  Finding finding;
  finding.rule = rule;
  finding.stage = stage.id();
  finding.attempt = stage.attempt();
  finding.job = stage.jobs.empty() ? -1 : *stage.jobs.begin();
  finding.evidence.push_back({.text = fmt::format("stage {}", stage.id()),
                              .to = "stage",
                              .job = finding.job,
                              .stage = stage.id(),
                              .attempt = stage.attempt()});
  return finding;
}

std::vector<int64_t> runTimes(const store::Stage& stage) {
  std::vector<int64_t> times;
  for (const store::Task& task : stage.tasks) {
    if (task.status == store::TaskStatus::kSuccess && task.has_figures) times.push_back(task.figures.run_time);
  }
  std::sort(times.begin(), times.end());
  return times;
}

}  // namespace cerium::diagnosis
