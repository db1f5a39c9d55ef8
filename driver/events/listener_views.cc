// Cerium. Licensed under the Apache License 2.0.
#include "driver/events/listener_views.h"

namespace cerium {

StageInfo viewOf(const events::StageFigures& figures) {
  StageInfo info;
  static_cast<TaskMetrics&>(info) = figures.metrics;
  info.num_tasks = figures.num_tasks;
  info.active_tasks = figures.active_tasks;
  info.completed_tasks = figures.completed_tasks;
  info.failed_tasks = figures.failed_tasks;
  return info;
}

namespace {

JobInfo jobView(const events::JobDescription& job, const char* status) {
  JobInfo info;
  info.id = job.job.value;
  info.action = job.call_site;
  info.group = job.group;
  info.description = job.description;
  info.status = status;
  return info;
}

StageInfo stageView(const events::StageDescription& stage, const events::StageFigures& figures, const char* status) {
  StageInfo info = viewOf(figures);
  info.id = stage.stage.value;
  info.attempt = stage.attempt;
  info.job = stage.job.value;
  info.name = stage.name;
  for (StageId parent : stage.parents) info.parents.push_back(parent.value);
  info.status = status;
  return info;
}

TaskInfo taskView(const events::TaskAttempt& task, const char* status) {
  TaskInfo info;
  info.task = task.task.value;
  info.stage = task.stage.value;
  info.partition = task.partition;
  info.attempt = task.attempt;
  info.executor = task.executor.value;
  info.host = task.host;
  info.speculative = task.speculative;
  info.status = status;
  return info;
}

const char* statusOf(events::TaskOutcome outcome) {
  switch (outcome) {
    case events::TaskOutcome::kSucceeded:
      return "SUCCESS";
    case events::TaskOutcome::kKilled:
      return "KILLED";
    default:
      return "FAILED";
  }
}

}  // namespace

JobInfo viewOf(const events::JobStarted& event) { return jobView(*event.job, "RUNNING"); }

JobInfo viewOf(const events::JobEnded& event) {
  JobInfo info = jobView(*event.job, event.outcome == events::JobOutcome::kSucceeded ? "SUCCEEDED" : "FAILED");
  for (StageId stage : event.stages) info.stages.push_back(stage.value);
  return info;
}

StageInfo viewOf(const events::StageSubmitted& event) { return stageView(*event.stage, event.figures, "ACTIVE"); }
StageInfo viewOf(const events::StageProgressed& event) { return stageView(*event.stage, event.figures, "ACTIVE"); }

StageInfo viewOf(const events::StageCompleted& event) {
  const bool is_success = event.outcome == events::StageOutcome::kSucceeded;
  StageInfo info = stageView(*event.stage, event.figures, is_success ? "COMPLETE" : "FAILED");
  info.failure = event.failure;
  return info;
}

TaskInfo viewOf(const events::TaskStarted& event) { return taskView(event.task, "RUNNING"); }

TaskInfo viewOf(const events::TaskEnded& event) {
  TaskInfo info = taskView(event.task, statusOf(event.outcome));
  static_cast<TaskMetrics&>(info) = event.metrics;
  if (event.failure) info.message = event.failure->message;
  return info;
}

ExecutorInfo viewOf(const events::ExecutorAdded& event) {
  return {.id = event.executor.value, .host = event.host, .cores = event.cores, .reason = ""};
}

ExecutorInfo viewOf(const events::ExecutorRemoved& event) {
  return {.id = event.executor.value, .host = event.host, .cores = 0, .reason = event.reason};
}

}  // namespace cerium
