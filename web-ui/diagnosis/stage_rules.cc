// Cerium. Licensed under the Apache License 2.0.
// The rules about single stages.
#include <fmt/format.h>

#include <algorithm>

#include "web-ui/diagnosis/rules.h"

namespace cerium::diagnosis {
namespace {

int64_t lasted(const Scene& scene, const store::Stage& stage) {
  return std::max<int64_t>(0, (stage.ended > 0 ? stage.ended : scene.now) - stage.submitted);
}

Evidence taskEvidence(const store::Stage& stage, const store::Task& task) {
  return {.text = fmt::format("task {} of partition {}", task.id, task.index),
          .to = "task",
          .stage = stage.id(),
          .attempt = stage.attempt(),
          .task = task.id};
}

/// The task that runs, or ran, longest.
const store::Task* longestTask(const Scene& scene, const store::Stage& stage) {
  const auto length = [&](const store::Task& task) {
    return task.status == store::TaskStatus::kRunning ? scene.now - task.launched : task.figures.run_time;
  };
  const store::Task* longest = nullptr;
  for (const store::Task& task : stage.tasks) {
    const bool counts =
        task.status == store::TaskStatus::kRunning || (task.status == store::TaskStatus::kSuccess && task.has_figures);
    if (counts && (longest == nullptr || length(task) > length(*longest))) longest = &task;
  }
  return longest;
}

/// "; it read 40 times the median bytes", where the task's input explains its time.
std::string inputStory(const store::Stage& stage, const store::Task& task) {
  const auto read = [](const store::Task& one) { return one.figures.input_bytes + one.figures.shuffleBytesRead(); };
  std::vector<int64_t> all;
  for (const store::Task& one : stage.tasks) {
    if (one.status == store::TaskStatus::kSuccess) all.push_back(read(one));
  }
  if (all.empty()) return {};
  std::nth_element(all.begin(), all.begin() + static_cast<int64_t>(all.size() / 2), all.end());
  const int64_t median = all[all.size() / 2];
  if (read(task) <= 2 * median || read(task) == 0) return {};
  return fmt::format("; it read {}, the median is {}", bytesText(read(task)), bytesText(median));
}

}  // namespace

void skew(const Scene& scene, const store::Stage& stage, Findings& found) {
  const auto times = runTimes(stage);
  if (static_cast<int>(times.size()) < scene.limits.skew_tasks) return;
  const store::Task* longest = longestTask(scene, stage);
  const int64_t median = times[times.size() / 2];
  const bool runs = longest->status == store::TaskStatus::kRunning;
  const int64_t took = runs ? scene.now - longest->launched : longest->figures.run_time;
  if (static_cast<double>(took) < scene.limits.skew_ratio * static_cast<double>(std::max<int64_t>(1, median)) ||
      took - median < scene.limits.skew_ms)
    return;
  Finding finding = aboutStage("skew", stage);
  const double ratio = static_cast<double>(took) / static_cast<double>(std::max<int64_t>(1, median));
  finding.severity = took - median >= 10 * scene.limits.skew_ms ? Severity::kHigh : Severity::kMedium;
  finding.sentence = fmt::format("Partition {} of stage {} ({}) {} {}, {:.0f} times the median of {}{}.",
                                 longest->index, stage.id(), stage.info->name, runs ? "has run for" : "took",
                                 timeText(took), ratio, timeText(median), inputStory(stage, *longest));
  finding.figures = {{"longest task", static_cast<double>(took), "ms"},
                     {"median task", static_cast<double>(median), "ms"}};
  finding.evidence.push_back(taskEvidence(stage, *longest));
  finding.advice = {{.text = "Spread the heavy keys: add a number to them before the shuffle and combine twice, or use "
                             "more partitions if many keys share the partition"}};
  finding.cost_ms = took - median;
  found.push_back(std::move(finding));
}

void smallTasks(const Scene& scene, const store::Stage& stage, Findings& found) {
  const auto times = runTimes(stage);
  if (static_cast<int>(times.size()) < scene.limits.small_tasks) return;
  const int64_t median = times[times.size() / 2];
  if (median >= scene.limits.small_task_ms) return;
  Finding finding = aboutStage("small-tasks", stage);
  finding.severity = Severity::kLow;
  finding.sentence = fmt::format(
      "Stage {} ({}) has {} tasks that run for {} in the median: starting them costs more than "
      "their work.",
      stage.id(), stage.info->name, times.size(), timeText(median));
  finding.figures = {{"tasks", static_cast<double>(times.size()), "count"},
                     {"median task", static_cast<double>(median), "ms"}};
  finding.advice = {{.text = "Use fewer partitions: coalesce() the input, or give the shuffle a smaller number"}};
  found.push_back(std::move(finding));
}

void fewPartitions(const Scene& scene, const store::Stage& stage, Findings& found) {
  const int tasks = stage.info->num_tasks;
  const int64_t took = lasted(scene, stage);
  if (took < scene.limits.few_partitions_ms || tasks >= scene.cores || stage.attempt() > 0) return;
  Finding finding = aboutStage("few-partitions", stage);
  finding.severity = tasks * 2 <= scene.cores ? Severity::kHigh : Severity::kMedium;
  finding.sentence = fmt::format("Stage {} ({}) has {} for {} cores and ran for {}: {} cores had nothing to do.",
                                 stage.id(), stage.info->name, tasks == 1 ? "one task" : fmt::format("{} tasks", tasks),
                                 scene.cores, timeText(took), scene.cores - tasks);
  finding.figures = {{"tasks", static_cast<double>(tasks), "count"},
                     {"cores", static_cast<double>(scene.cores), "cores"}};
  finding.advice = {
      {.text = fmt::format("Use at least {} partitions: repartition(), or the number of partitions of the "
                           "operation that begins the stage",
                           2 * scene.cores),
       .key = "cerium.default.parallelism",
       .value = std::to_string(2 * scene.cores)}};
  finding.cost_ms = took - took * tasks / std::max(1, scene.cores);
  found.push_back(std::move(finding));
}

void spill(const Scene& scene, const store::Stage& stage, Findings& found) {
  const int64_t spilled = stage.figures.disk_spilled;
  if (spilled < scene.limits.spill_bytes) return;
  Finding finding = aboutStage("spill", stage);
  finding.sentence =
      fmt::format("Stage {} ({}) wrote {} to disk and read it again, because its data did not fit in memory.",
                  stage.id(), stage.info->name, bytesText(spilled));
  finding.figures = {{"spilled", static_cast<double>(spilled), "bytes"}};
  finding.advice = {{.text = "Give executors more memory", .key = "cerium.executor.memory", .value = ""},
                    {.text = "Use more partitions, so that each task holds less"}};
  found.push_back(std::move(finding));
}

void slowNode(const Scene& scene, const store::Stage& stage, Findings& found) {
  struct Mean {
    std::string executor;
    double ms;
    int tasks;
  };
  std::vector<Mean> means;
  for (const auto& [id, there] : stage.executors) {
    if (there.succeeded < scene.limits.slow_tasks) continue;
    means.push_back({id, static_cast<double>(there.figures.run_time) / there.succeeded, there.succeeded});
  }
  if (means.size() < 2) return;
  std::sort(means.begin(), means.end(), [](const Mean& a, const Mean& b) { return a.ms < b.ms; });
  const Mean& slowest = means.back();
  const Mean& median = means[(means.size() - 1) / 2];
  const double lost = (slowest.ms - median.ms) * slowest.tasks;
  if (slowest.ms < scene.limits.slow_ratio * std::max(1.0, median.ms) ||
      lost < static_cast<double>(scene.limits.slow_ms))
    return;
  const auto executor = scene.app.executors.find(slowest.executor);
  const std::string host = executor == scene.app.executors.end() ? "" : executor->second.host;
  Finding finding = aboutStage("slow-node", stage);
  finding.sentence =
      fmt::format("Tasks of stage {} ({}) take {} on executor {} ({}), {:.1f} times as long as on others ({}).",
                  stage.id(), stage.info->name, timeText(static_cast<int64_t>(slowest.ms)), slowest.executor, host,
                  slowest.ms / std::max(1.0, median.ms), timeText(static_cast<int64_t>(median.ms)));
  finding.figures = {{"mean task there", slowest.ms, "ms"}, {"mean task elsewhere", median.ms, "ms"}};
  finding.evidence.push_back({.text = "executor " + slowest.executor, .to = "executor", .executor = slowest.executor});
  finding.advice = {
      {.text = "Look at what else runs on that machine, and at its disks and memory"},
      {.text = "Have slow tasks run a second time elsewhere", .key = "cerium.speculation", .value = "true"}};
  finding.cost_ms =
      static_cast<int64_t>(lost / std::max(1, executor == scene.app.executors.end() ? 1 : executor->second.cores));
  found.push_back(std::move(finding));
}

void waiting(const Scene& scene, const store::Stage& stage, Findings& found) {
  const store::Instant first = stage.first_launch > 0 ? stage.first_launch : stage.isOver() ? 0 : scene.now;
  const int64_t waited = first == 0 ? 0 : first - stage.submitted;
  if (waited < scene.limits.waiting_ms) return;
  Finding finding = aboutStage("waiting", stage);
  finding.severity = stage.first_launch == 0 ? Severity::kHigh : Severity::kMedium;
  finding.sentence = fmt::format("Stage {} ({}) {} {} for a core: {}.", stage.id(), stage.info->name,
                                 stage.first_launch > 0 ? "waited" : "has been waiting", timeText(waited),
                                 scene.cores == 0 ? "there was no executor" : "all were busy or on their way");
  finding.figures = {{"waited", static_cast<double>(waited), "ms"},
                     {"cores", static_cast<double>(scene.cores), "cores"}};
  finding.advice = {{.text = "Ask the manager's page what holds the cores, or ask for fewer cores or less memory per "
                             "executor"}};
  finding.cost_ms = waited;
  found.push_back(std::move(finding));
}

void groupByKey(const Scene& scene, const store::Stage& stage, Findings& found) {
  const bool groups = std::any_of(stage.info->rdds.begin(), stage.info->rdds.end(),
                                  [](const auto& rdd) { return rdd.call_site.starts_with("groupByKey"); });
  const int64_t read = stage.figures.shuffleBytesRead();
  if (!groups || read < scene.limits.group_bytes) return;
  Finding finding = aboutStage("group-by-key", stage);
  finding.severity = Severity::kLow;
  finding.sentence = fmt::format("groupByKey in stage {} ({}) moved {} in {} records, one for each value.", stage.id(),
                                 stage.info->name, bytesText(read), stage.figures.shuffle_records_read);
  finding.figures = {{"shuffle read", static_cast<double>(read), "bytes"}};
  finding.advice = {{.text =
                         "If the groups are only summed, counted or reduced, reduceByKey or aggregateByKey moves one "
                         "record for each key and map task"}};
  found.push_back(std::move(finding));
}

void retried(const Scene& scene, const store::Stage& stage, Findings& found) {
  if (stage.attempt() == 0 && stage.failed == 0) return;
  Finding finding = aboutStage("retries", stage);
  std::string cause;
  for (const auto& change : scene.app.changes) {
    if (change.kind != "removed" || change.at > (stage.attempt() > 0 ? stage.submitted : stage.ended)) continue;
    if (!change.reason.empty())
      cause = fmt::format("executor {} on {} was lost ({})", change.executor, change.host, change.reason);
  }
  if (stage.attempt() > 0) {
    finding.severity = Severity::kMedium;
    finding.sentence =
        fmt::format("Stage {} ({}) ran again, as attempt {}, for {} tasks{}.", stage.id(), stage.info->name,
                    stage.attempt(), stage.info->num_tasks, cause.empty() ? std::string() : ": " + cause);
    finding.cost_ms = lasted(scene, stage);
  } else {
    finding.severity = stage.status == store::StageStatus::kFailed ? Severity::kHigh : Severity::kLow;
    finding.sentence = fmt::format(
        "{} of stage {} ({}) failed{}.", stage.failed == 1 ? "One task" : fmt::format("{} tasks", stage.failed),
        stage.id(), stage.info->name,
        stage.status == store::StageStatus::kFailed ? " and ended its job" : " and ran again");
  }
  finding.figures = {{"failed tasks", static_cast<double>(stage.failed), "count"}};
  finding.evidence.push_back({.text = "the failures", .to = "failures", .stage = stage.id()});
  finding.advice = {{.text = "The failures page has the error, its place and the executors"}};
  found.push_back(std::move(finding));
}

}  // namespace cerium::diagnosis
