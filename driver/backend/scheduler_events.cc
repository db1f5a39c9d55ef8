// Cerium. Licensed under the Apache License 2.0.
// SchedulerLoop: what it tells the readers of events.
#include <algorithm>
#include <utility>

#include "driver/backend/scheduler_loop.h"
#include "driver/scheduler/stage_description.h"

namespace cerium {
namespace {

constexpr auto kBetweenProgress = std::chrono::milliseconds(50);

std::shared_ptr<const events::JobDescription> describe(const JobSettings& settings, events::JobDescription job) {
  job.group = settings.group;
  job.description = settings.description;
  job.pool = settings.pool;
  job.properties.assign(settings.properties.begin(), settings.properties.end());
  std::sort(job.properties.begin(), job.properties.end());
  return std::make_shared<const events::JobDescription>(std::move(job));
}

events::TaskOutcome outcomeOf(TaskReport::Outcome outcome) {
  switch (outcome) {
    case TaskReport::Outcome::kSuccess:
      return events::TaskOutcome::kSucceeded;
    case TaskReport::Outcome::kUserException:
      return events::TaskOutcome::kUserException;
    case TaskReport::Outcome::kFetchFailed:
      return events::TaskOutcome::kFetchFailed;
    case TaskReport::Outcome::kEngineFailure:
      return events::TaskOutcome::kEngineFailure;
    case TaskReport::Outcome::kKilled:
      return events::TaskOutcome::kKilled;
    case TaskReport::Outcome::kNotSent:
      return events::TaskOutcome::kNotSent;
  }
  return events::TaskOutcome::kEngineFailure;
}

events::JobOutcome outcomeOf(const std::optional<Failure>& failure) {
  if (!failure) return events::JobOutcome::kSucceeded;
  return failure->kind == Failure::Kind::kCancelled ? events::JobOutcome::kCancelled : events::JobOutcome::kFailed;
}

std::shared_ptr<const events::TaskFailure> failureOf(const TaskReport& report) {
  return std::make_shared<const events::TaskFailure>(events::TaskFailure{
      .message = report.message, .exception_type = report.exception_type, .call_site = report.call_site});
}

}  // namespace

void SchedulerLoop::tellJobStarted(RunningJob& job) {
  job.started_ = now();
  job.shown_ = describe(job.settings_, {.job = job.id_,
                                        .call_site = job.action_,
                                        .group = {},
                                        .description = {},
                                        .pool = {},
                                        .properties = {},
                                        .rdd = job.request_.node->id(),
                                        .num_partitions = static_cast<int>(job.request_.partitions.size())});
  bus_.post(events::JobStarted{.at = events::wallTime(), .job = job.shown_});
}

void SchedulerLoop::tellJobEnded(const RunningJob& job, const std::optional<Failure>& failure) {
  bus_.post(events::JobEnded{.at = events::wallTime(),
                             .job = job.shown_,
                             .outcome = outcomeOf(failure),
                             .failure = failure ? failure->message : "",
                             .stages = job.stages_,
                             .took = events::Took(now() - job.started_)});
}

/// An attempt that is under way goes on in the new one; after the end of one, the output was lost and figures begin
/// anew.
void SchedulerLoop::tellSubmitted(Stage& stage, const dag::SubmitTasks& submit) {
  if (stage.shown && !stage.is_over) {
    tellOver(stage, events::StageOutcome::kResubmitted, "another attempt computes what is missing");
  } else {
    stage.figures = {.active_tasks = stage.figures.active_tasks, .metrics = {}};
  }
  const auto job = jobs_.find(submit.job);
  const std::string site = submit.node->site().str();
  stage.shown = std::make_shared<const events::StageDescription>(events::StageDescription{
      .stage = submit.stage.id,
      .attempt = submit.stage.attempt,
      .job = stage.shown ? stage.shown->job : submit.job,
      .name = submit.shuffle || job == jobs_.end() ? site : job->second->action_,
      .call_site = site,
      .shuffle = submit.shuffle ? std::optional(submit.shuffle->id()) : std::nullopt,
      .parents = submit.parents,
      .rdds = bus_.isWatched() ? describeRdds(*submit.node) : std::vector<events::RddDescription>{}});
  stage.is_over = false;
  stage.submitted = now();
  stage.figures.num_tasks = stage.figures.completed_tasks + static_cast<int>(submit.partitions.size());
  if (job != jobs_.end()) {
    auto& ran = job->second->stages_;
    if (std::find(ran.begin(), ran.end(), submit.stage.id) == ran.end()) ran.push_back(submit.stage.id);
  }
  bus_.post(events::StageSubmitted{.at = events::wallTime(), .stage = stage.shown, .figures = stage.figures});
}

void SchedulerLoop::tellOver(Stage& stage, events::StageOutcome outcome, const std::string& failure) {
  if (std::exchange(stage.is_over, true)) return;
  bus_.post(events::StageCompleted{.at = events::wallTime(),
                                   .stage = stage.shown,
                                   .figures = stage.figures,
                                   .outcome = outcome,
                                   .failure = failure,
                                   .took = events::Took(now() - stage.submitted)});
}

void SchedulerLoop::tellSkipped(const dag::StageDone& done) {
  bus_.post(events::StageSkipped{.at = events::wallTime(),
                                 .stage = done.stage,
                                 .shuffle = done.shuffle->id(),
                                 .name = done.shuffle->parent()->site().str()});
}

void SchedulerLoop::figuresChanged(StageId id, Stage& stage) {
  if (!std::exchange(stage.has_changed, true)) changed_.push_back(id);
}

/// Tells the figures that changed, at most twenty times a second: a job may have millions of tasks.
void SchedulerLoop::tellProgress() {
  const auto time = std::chrono::steady_clock::now();
  if (time < next_progress_) return;
  next_progress_ = time + kBetweenProgress;
  for (StageId id : std::exchange(changed_, {})) {
    const auto stage = stages_.find(id);
    if (stage == stages_.end()) continue;
    stage->second.has_changed = false;
    bus_.post(events::StageProgressed{
        .at = events::wallTime(), .stage = stage->second.shown, .figures = stage->second.figures});
  }
}

std::string SchedulerLoop::hostOf(ExecutorId executor) const {
  const auto host = hosts_.find(executor);
  return host == hosts_.end() ? std::string() : host->second;
}

events::TaskAttempt SchedulerLoop::shown(const RunningTask& task) const {
  return {.task = task.id,
          .stage = task.stage.id,
          .stage_attempt = task.stage.attempt,
          .partition = task.partition,
          .attempt = task.attempt,
          .executor = task.executor,
          .host = hostOf(task.executor),
          .speculative = task.speculative};
}

void SchedulerLoop::tellLaunched(const tasks::Launch& launch) {
  events::TaskStarted started{.at = events::wallTime(), .task = {}};
  started.task.executor = launch.executor;
  started.task.host = hostOf(launch.executor);
  for (const auto& task : launch.tasks) {
    if (!stages_.contains(task.stage.id)) continue;
    started.task.task = task.id;
    started.task.stage = task.stage.id;
    started.task.stage_attempt = task.stage.attempt;
    started.task.partition = task.partition;
    started.task.attempt = task.attempt;
    started.task.speculative = task.speculative;
    bus_.post(started);
  }
}

/// A task that was told to stop counts as killed even where it came to its end: its result is not used.
void SchedulerLoop::tellTaskEnded(const TaskReport& report, const RunningTask& task) {
  tellTaskEnded(report, task, task.killed ? events::TaskOutcome::kKilled : outcomeOf(report.outcome));
}

void SchedulerLoop::tellTaskEnded(const TaskReport& report, const RunningTask& task, events::TaskOutcome outcome) {
  const bool is_success = outcome == events::TaskOutcome::kSucceeded;
  if (auto stage = stages_.find(task.stage.id); stage != stages_.end()) {
    events::StageFigures& figures = stage->second.figures;
    --figures.active_tasks;
    ++(is_success ? figures.completed_tasks : figures.failed_tasks);
    if (is_success) figures.metrics += report.metrics;
    figuresChanged(stage->first, stage->second);
  }
  if (!bus_.isWatched()) return;
  bus_.post(events::TaskEnded{.at = events::wallTime(),
                              .task = shown(task),
                              .outcome = outcome,
                              .failure = is_success ? nullptr : failureOf(report),
                              .metrics = report.metrics,
                              .took = events::Took(now() - task.launched)});
}

/// The executor is gone, and with it what it would have said of its tasks.
void SchedulerLoop::tellTasksLost(ExecutorId executor, const std::string& reason) {
  TaskReport lost;
  lost.message = reason;
  for (const RunningTask& task : tasks_.runningOn(executor))
    tellTaskEnded(lost, task, events::TaskOutcome::kExecutorLost);
}

/// Of tasks that still run as the loop ends.
void SchedulerLoop::tellUnended() {
  TaskReport unended;
  unended.message = dead_;
  for (const auto& [executor, host] : hosts_) {
    for (const RunningTask& task : tasks_.runningOn(executor))
      tellTaskEnded(unended, task, events::TaskOutcome::kKilled);
  }
}

}  // namespace cerium
