// Cerium. Licensed under the Apache License 2.0.
// Scheduler: what it tells the readers of events. The loop stamps each event with the wall clock.
#include <algorithm>
#include <utility>

#include "driver/scheduler/scheduler.h"
#include "driver/scheduler/stage_description.h"

namespace cerium {
namespace {

constexpr Millis kBetweenProgress = 50;

events::TaskOutcome outcomeOf(TaskEnd::Outcome outcome) {
  switch (outcome) {
    case TaskEnd::Outcome::kSuccess:
      return events::TaskOutcome::kSucceeded;
    case TaskEnd::Outcome::kUserException:
      return events::TaskOutcome::kUserException;
    case TaskEnd::Outcome::kFetchFailed:
      return events::TaskOutcome::kFetchFailed;
    case TaskEnd::Outcome::kEngineFailure:
      return events::TaskOutcome::kEngineFailure;
    case TaskEnd::Outcome::kKilled:
      return events::TaskOutcome::kKilled;
    case TaskEnd::Outcome::kNotSent:
      return events::TaskOutcome::kNotSent;
  }
  return events::TaskOutcome::kEngineFailure;
}

events::JobOutcome outcomeOf(const std::optional<Failure>& failure) {
  if (!failure) return events::JobOutcome::kSucceeded;
  return failure->kind == Failure::Kind::kCancelled ? events::JobOutcome::kCancelled : events::JobOutcome::kFailed;
}

std::shared_ptr<const events::TaskFailure> failureOf(const TaskEnd& end) {
  return std::make_shared<const events::TaskFailure>(
      events::TaskFailure{.message = end.message, .exception_type = end.exception_type, .call_site = end.call_site});
}

}  // namespace

void Scheduler::tellJobStarted(JobId id, const Job& job) {
  events::JobStarted started{.at = {}, .job = job.shown, .stages = {}};
  for (const PlannedStage& planned : dag_.stagesOf(id)) {
    events::StageDescription stage = describe(*planned.node, planned.shuffle.get(), *job.shown);
    stage.stage = planned.id;
    stage.parents = planned.parents;
    started.stages.push_back({std::make_shared<const events::StageDescription>(std::move(stage)), planned.num_tasks});
  }
  tell(std::move(started));
}

/// A result stage has the name of the action, a map stage that of the operation.
events::StageDescription Scheduler::describe(const RddNode& node, const ShuffleDependency* shuffle,
                                             const events::JobDescription& job) const {
  events::StageDescription stage;
  stage.job = job.job;
  stage.call_site = node.site().str();
  stage.name = shuffle == nullptr ? job.call_site : stage.call_site;
  if (shuffle != nullptr) stage.shuffle = shuffle->id();
  if (is_watched_) stage.rdds = describeRdds(node);
  return stage;
}

void Scheduler::tellJobEnded(const Job& job, const std::optional<Failure>& failure) {
  tell(events::JobEnded{.at = {},
                        .job = job.shown,
                        .outcome = outcomeOf(failure),
                        .failure = failure ? failure->message : "",
                        .stages = job.stages,
                        .took = events::Took(now_ - job.started)});
}

/// An attempt that is under way goes on in the new one; after the end of one, the output was lost and figures begin
/// anew.
void Scheduler::tellSubmitted(Stage& stage, const dag::SubmitTasks& submit) {
  if (stage.shown && !stage.is_over) {
    tellOver(stage, events::StageOutcome::kResubmitted, "another attempt computes what is missing");
  } else {
    stage.figures = {.active_tasks = stage.figures.active_tasks, .metrics = {}};
  }
  const auto job = jobs_.find(submit.job);
  events::StageDescription shown =
      describe(*submit.node, submit.shuffle.get(), job == jobs_.end() ? events::JobDescription() : *job->second.shown);
  shown.stage = submit.stage.id;
  shown.attempt = submit.stage.attempt;
  shown.job = stage.shown ? stage.shown->job : submit.job;
  shown.parents = submit.parents;
  stage.shown = std::make_shared<const events::StageDescription>(std::move(shown));
  stage.is_over = false;
  stage.submitted = now_;
  stage.figures.num_tasks = stage.figures.completed_tasks + submit.missing;
  if (job != jobs_.end()) {
    auto& ran = job->second.stages;
    if (std::find(ran.begin(), ran.end(), submit.stage.id) == ran.end()) ran.push_back(submit.stage.id);
  }
  tell(events::StageSubmitted{.at = {}, .stage = stage.shown, .figures = stage.figures});
}

void Scheduler::tellOver(Stage& stage, events::StageOutcome outcome, const std::string& failure) {
  if (std::exchange(stage.is_over, true)) return;
  tell(events::StageCompleted{.at = {},
                              .stage = stage.shown,
                              .figures = stage.figures,
                              .outcome = outcome,
                              .failure = failure,
                              .took = events::Took(now_ - stage.submitted)});
}

void Scheduler::tellSkipped(const dag::StageDone& done) {
  tell(events::StageSkipped{
      .at = {}, .stage = done.stage, .shuffle = done.shuffle->id(), .name = done.shuffle->parent()->site().str()});
}

void Scheduler::figuresChanged(StageId id, Stage& stage) {
  if (!std::exchange(stage.has_changed, true)) changed_.push_back(id);
}

/// Tells the figures that changed, at most twenty times a second: a job may have millions of tasks.
void Scheduler::tellProgress() {
  if (now_ < next_progress_) return;
  next_progress_ = now_ + kBetweenProgress;
  for (StageId id : std::exchange(changed_, {})) {
    const auto stage = stages_.find(id);
    if (stage == stages_.end()) continue;
    stage->second.has_changed = false;
    if (stage->second.is_over) continue;
    tell(events::StageProgressed{.at = {}, .stage = stage->second.shown, .figures = stage->second.figures});
  }
}

/// A task ended well that its stage was missing.
void Scheduler::countProgress(StageId id, const TaskMetrics& metrics) {
  const auto stage = stages_.find(id);
  if (stage == stages_.end() || stage->second.is_over) return;
  events::StageFigures& figures = stage->second.figures;
  ++figures.completed_tasks;
  // A barrier stage that starts over within an attempt also makes outputs again that were lost after they were counted.
  figures.num_tasks = std::max(figures.num_tasks, figures.completed_tasks);
  figures.metrics += metrics;
  figuresChanged(id, stage->second);
}

std::string Scheduler::hostOf(ExecutorId executor) const {
  const auto found = executors_.find(executor);
  return found == executors_.end() ? std::string() : found->second.host;
}

events::TaskAttempt Scheduler::shown(const RunningTask& task) const {
  return {.task = task.id,
          .stage = task.stage.id,
          .stage_attempt = task.stage.attempt,
          .partition = task.partition,
          .attempt = task.attempt,
          .executor = task.executor,
          .host = hostOf(task.executor),
          .speculative = task.speculative};
}

void Scheduler::tellLaunched(const tasks::Launch& launch) {
  events::TaskStarted started{.at = {}, .task = {}};
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
    tell(started);
  }
}

/// A task that was told to stop counts as killed even where it came to its end: its result is not used.
void Scheduler::tellTaskEnded(const TaskEnd& end, const RunningTask& task) {
  tellTaskEnded(end, task, task.killed ? events::TaskOutcome::kKilled : outcomeOf(end.outcome));
}

void Scheduler::tellTaskEnded(const TaskEnd& end, const RunningTask& task, events::TaskOutcome outcome) {
  const bool is_success = outcome == events::TaskOutcome::kSucceeded;
  if (auto stage = stages_.find(task.stage.id); stage != stages_.end()) {
    events::StageFigures& figures = stage->second.figures;
    --figures.active_tasks;
    if (!is_success) ++figures.failed_tasks;
    figuresChanged(stage->first, stage->second);
  }
  if (!is_watched_) return;
  tell(events::TaskEnded{.at = {},
                         .task = shown(task),
                         .outcome = outcome,
                         .failure = is_success ? nullptr : failureOf(end),
                         .metrics = end.metrics,
                         .took = events::Took(now_ - task.launched)});
}

/// Tells the end of each task of an executor that reports none of them any more.
void Scheduler::tellTasksLost(ExecutorId executor, const std::string& reason, events::TaskOutcome outcome) {
  TaskEnd lost;
  lost.message = reason;
  for (const RunningTask& task : tasks_.runningOn(executor)) tellTaskEnded(lost, task, outcome);
}

}  // namespace cerium
