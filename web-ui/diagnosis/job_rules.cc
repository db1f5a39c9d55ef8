// Cerium. Licensed under the Apache License 2.0.
// The rules about jobs and about the whole application.
#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "web-ui/diagnosis/rules.h"
#include "web-ui/store/spans.h"

namespace cerium::diagnosis {
namespace {

Finding aboutJob(const char* rule, const store::Job& job) {
  Finding finding;
  finding.rule = rule;
  finding.job = job.id;
  finding.evidence.push_back({.text = fmt::format("job {}", job.id), .to = "job", .job = job.id});
  return finding;
}

}  // namespace

void driverTime(const Scene& scene, const store::Job& job, Findings& found) {
  const store::Instant end = job.ended > 0 ? job.ended : scene.now;
  store::Spans busy;
  for (int64_t id : job.stage_ids) {
    for (auto at = scene.app.stages.lower_bound({id, 0}); at != scene.app.stages.end() && at->first.first == id; ++at) {
      const store::Stage& stage = at->second;
      if (stage.submitted >= job.submitted && stage.submitted > 0)
        busy.emplace_back(stage.submitted, stage.ended > 0 ? stage.ended : scene.now);
    }
  }
  int64_t idle = 0;
  for (const auto& [from, to] : store::gapsBetween(std::move(busy), job.submitted, end)) idle += to - from;
  const int64_t took = end - job.submitted;
  if (idle < scene.limits.driver_ms ||
      static_cast<double>(idle) < scene.limits.driver_ratio * static_cast<double>(took))
    return;
  Finding finding = aboutJob("driver-time", job);
  finding.sentence =
      fmt::format("For {} of the {} of job {} ({}) no stage ran: the driver planned, merged results or waited.",
                  timeText(idle), timeText(took), job.id, job.name);
  finding.figures = {{"driver", static_cast<double>(idle), "ms"}, {"job", static_cast<double>(took), "ms"}};
  finding.advice = {{.text =
                         "Collect less to the driver (reduce, save, take), and keep long work out of accumulators and "
                         "result handlers"}};
  finding.cost_ms = idle;
  found.push_back(std::move(finding));
}

void largeResults(const Scene& scene, const store::Job& job, Findings& found) {
  int64_t bytes = 0;
  for (int64_t id : job.stage_ids) {
    const store::Stage* stage = scene.app.lastAttempt(id);
    if (stage != nullptr && stage->submitted >= job.submitted) bytes += stage->figures.result_size;
  }
  if (bytes < scene.limits.result_bytes) return;
  Finding finding = aboutJob("large-results", job);
  finding.sentence = fmt::format("Tasks of job {} ({}) sent {} to the driver.", job.id, job.name, bytesText(bytes));
  finding.figures = {{"results", static_cast<double>(bytes), "bytes"}};
  finding.advice = {{.text = "Reduce or aggregate on the executors, save to files, or take() what is needed"}};
  found.push_back(std::move(finding));
}

/// Names one RDD for each set of stages that computed the same RDDs: the RDD nearest to the action.
void recomputation(const Scene& scene, Findings& found) {
  struct Use {
    const eventlog::RddInfo* rdd = nullptr;
    std::vector<const store::Stage*> stages;
  };
  std::map<int64_t, Use> uses;
  for (const auto& [key, stage] : scene.app.stages) {
    if (stage.status != store::StageStatus::kComplete || stage.attempt() > 0) continue;
    for (const auto& rdd : stage.info->rdds) {
      Use& use = uses[rdd.id];
      use.rdd = &rdd;
      use.stages.push_back(&stage);
    }
  }
  std::map<std::vector<const store::Stage*>, const eventlog::RddInfo*> by_stages;  // the last RDD of each set of stages
  for (const auto& [id, use] : uses) {
    if (static_cast<int>(use.stages.size()) < scene.limits.recomputed_stages) continue;
    const bool is_kept = std::any_of(use.stages.begin(), use.stages.end(), [&](const store::Stage* stage) {
      return std::any_of(stage->info->rdds.begin(), stage->info->rdds.end(),
                         [&](const auto& rdd) { return rdd.id >= id && rdd.level.isValid(); });
    });
    if (!is_kept) by_stages[use.stages] = use.rdd;
  }
  for (const auto& [stages, rdd] : by_stages) {
    int64_t again = 0;
    for (size_t i = 1; i < stages.size(); ++i) again += stages[i]->figures.run_time;
    if (again < scene.limits.recomputed_ms) continue;
    Finding finding = aboutStage("recomputation", *stages.back());
    finding.severity = again >= 10 * scene.limits.recomputed_ms ? Severity::kHigh : Severity::kMedium;
    finding.sentence = fmt::format(
        "RDD {} ({}) is not persisted and was computed in {} stages; all but the first took {} of "
        "task time.",
        rdd->id, rdd->call_site, stages.size(), timeText(again));
    finding.figures = {{"stages", static_cast<double>(stages.size()), "count"},
                       {"task time", static_cast<double>(again), "ms"}};
    finding.advice = {{.text = fmt::format("Call persist() on the RDD of {} before the first action", rdd->call_site)}};
    finding.cost_ms = again / std::max(1, scene.cores);
    found.push_back(std::move(finding));
  }
}

}  // namespace cerium::diagnosis
