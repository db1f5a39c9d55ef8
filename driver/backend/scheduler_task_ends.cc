// Cerium. Licensed under the Apache License 2.0.
// SchedulerLoop: what follows from a task that ended, for the schedulers, its job and those who listen.
#include <fmt/format.h>

#include "base/util/exception_text.h"
#include "base/util/log.h"
#include "driver/backend/scheduler_loop.h"
#include "rdd/accumulator_registry.h"
#include "rdd/closure.h"

namespace cerium {
void SchedulerLoop::handleTaskEnd(TaskEndEvent& event) {
  const RunningTask* known = tasks_.find(event.report.id);
  if (known == nullptr || known->killed) {  // nobody wants its result any more
    if (event.kept) backend_.dropResult(event.executor, event.report.id);
    if (known == nullptr) return;
  }
  const RunningTask task = *known;
  const bool is_success = event.report.outcome == TaskReport::Outcome::kSuccess;
  if (is_success && !task.killed) {
    if (isTooMuch(event, task)) return refuseResult(event, task);
    if (event.kept) {
      if (bus_.isWatched()) bus_.post(events::TaskGettingResult{.at = events::wallTime(), .task = shown(task)});
      return backend_.fetchResult(std::move(event));
    }
  }
  tellTaskEnded(event.report, task);
  if (task.killed || !is_success) backend_.taskGone(task.id);
  if (task.killed) {  // its end frees the core
    Failure failure;
    failure.kind = Failure::Kind::kKilled;
    carryOut(tasks_.failed(task.id, failure, now()));
  } else if (is_success) {
    taskSucceeded(event, task);
  } else {
    taskFailed(event, task);
  }
}

void SchedulerLoop::taskSucceeded(TaskEndEvent& event, const RunningTask& task) {
  auto verdict = dag_.taskSucceeded(task.stage, task.partition, {event.executor, event.report.map_checksum});
  std::optional<ExceptionText> thrown;
  if (verdict.counts) {
    (void)closure::takeThrowSite();
    thrown = guarded([&] { mergeAccumulators(event); });
    if (!thrown) deliver(event, task);
  }
  carryOut(tasks_.succeeded(task.id, now()));
  auto stage = stages_.find(task.stage.id);
  if (verdict.stage_complete && stage != stages_.end()) tellOver(stage->second, events::StageOutcome::kSucceeded);
  if (!thrown) return carryOut(std::move(verdict.instructions));
  Failure failure = inDriver(task);
  failure.exception_type = thrown->type;
  failure.message = thrown->message;
  failDelivery(std::move(verdict.instructions), task, failure);
}

/// Fails the jobs of a task that has succeeded; `instructions` follow from that, and may be the end of its own.
void SchedulerLoop::failDelivery(dag::Instructions instructions, const RunningTask& task, const Failure& failure) {
  for (auto& instruction : instructions) {
    if (const auto* succeeded = std::get_if<dag::JobSucceeded>(&instruction)) {
      endJob(succeeded->job, failure);
    } else {
      std::visit([this](auto& each) { carry(each); }, instruction);
    }
  }
  carryOut(dag_.stageFailed(task.stage, failure));
}

/// By operators of the program's.
void SchedulerLoop::mergeAccumulators(const TaskEndEvent& event) {
  auto& registry = AccumulatorRegistry::instance();
  const auto merge = [&](AccumulatorId id, const auto& how) {
    if (auto thrown = guarded(how)) {
      thrown->message = "a task's part cannot be added to " + registry.describe(id) + ": " + thrown->message;
      throw ThrownElsewhere(std::move(*thrown));
    }
  };
  for (const auto& each : event.report.cells) merge(each.first, [&] { registry.merge(each.first, *each.second); });
  for (const auto& each : event.encoded_cells) {
    merge(each.first, [&] {
      Reader in(each.second);
      registry.merge(each.first, in);
    });
  }
}

/// The job that a result task works for; null for a map task.
RunningJob* SchedulerLoop::jobOf(const RunningTask& task) {
  auto stage = stages_.find(task.stage.id);
  if (stage == stages_.end() || stage->second.code->shuffle) return nullptr;
  auto job = jobs_.find(stage->second.shown->job);
  return job == jobs_.end() ? nullptr : job->second.get();
}

void SchedulerLoop::deliver(TaskEndEvent& event, const RunningTask& task) {
  RunningJob* job = jobOf(task);
  if (job == nullptr || !job->request_.on_result) return;
  job->request_.on_result(job->placeOf(task.partition),
                          {std::move(event.report.value), std::move(event.encoded_result)});
}

/// Whether a job's results are more, with this one, than the driver is to hold. Each partition counts once, as soon as
/// its first result is announced, which is before a large one travels.
bool SchedulerLoop::isTooMuch(const TaskEndEvent& event, const RunningTask& task) {
  RunningJob* job = jobOf(task);
  if (max_result_bytes_ == 0 || job == nullptr) return false;
  auto is_measured = job->measured_[job->placeOf(task.partition)];
  if (is_measured) return false;
  is_measured = true;
  job->result_bytes_ += static_cast<uint64_t>(event.report.metrics.result_bytes);
  return job->result_bytes_ > max_result_bytes_;
}

void SchedulerLoop::refuseResult(TaskEndEvent& event, const RunningTask& task) {
  if (event.kept) backend_.dropResult(event.executor, task.id);
  Failure failure = inDriver(task);
  failure.message = fmt::format(
      "the results of the job are {} bytes so far, more than cerium.driver.maxResultSize, {} bytes; raise it (0 is no "
      "limit), or reduce or save the records instead of collecting them",
      jobOf(task)->result_bytes_, max_result_bytes_);
  event.report.outcome = TaskReport::Outcome::kNotSent;
  event.report.message = failure.message;
  tellTaskEnded(event.report, task);
  backend_.taskGone(task.id);
  carryOut(tasks_.failed(task.id, failure, now()));
}

/// A failure that came up in the driver, where a task's part is done.
Failure SchedulerLoop::inDriver(const RunningTask& task) const {
  Failure failure;
  failure.kind = Failure::Kind::kInDriver;
  failure.host = "the driver";
  failure.stage = task.stage.id;
  failure.partition = task.partition;
  failure.attempts = task.attempt + 1;
  if (const CallSite* site = closure::takeThrowSite()) {
    failure.call_site = site->str();
  } else if (auto stage = stages_.find(task.stage.id); stage != stages_.end()) {
    auto job = jobs_.find(stage->second.shown->job);
    if (job != jobs_.end()) failure.call_site = job->second->action_;
  }
  return failure;
}

void SchedulerLoop::taskFailed(TaskEndEvent& event, const RunningTask& task) {
  Failure failure = toFailure(event, task);
  if (failure.kind == Failure::Kind::kFetchFailed) return fetchFailed(event, task, std::move(failure));
  if (failure.kind != Failure::Kind::kKilled) {
    log::warn("stage {}, partition {}, attempt {} failed on {}: {}{}{}", task.stage.id.value, task.partition,
              task.attempt, failure.host, failure.exception_type, failure.exception_type.empty() ? "" : ": ",
              failure.message);
  }
  carryOut(tasks_.failed(task.id, failure, now()));
}

void SchedulerLoop::fetchFailed(const TaskEndEvent& event, const RunningTask& task, Failure failure) {
  const ExecutorId source = event.report.source;
  int map = event.report.map;
  const bool is_out_of_reach = map == FetchFailed::kAllMaps;
  log::info("stage {}, partition {}: output of shuffle {} cannot be read from executor {} by executor {}: {}",
            task.stage.id.value, task.partition, event.report.shuffle.value, source.value, event.executor.value,
            failure.message);
  const bool is_network = is_out_of_reach && backend_.reaches(source);
  const bool is_tried_elsewhere =
      is_network && !fetch_failures_.add({source, event.executor, task.attempt}, hosts_.size(), now());
  if (is_tried_elsewhere) {
    failure.kind = Failure::Kind::kUnreachable;
    failure.message = fmt::format("output of shuffle {} cannot be read from executor {}: {}",
                                  event.report.shuffle.value, source.value, failure.message);
  }
  carryOut(tasks_.failed(task.id, failure, now()));
  if (is_tried_elsewhere) return;
  if (is_out_of_reach) {
    if (is_network) excludeHost(source, event.executor);
    // All it held is given up at once, not output by output.
    backend_.endExecutor(source, failure.message);
    carryOut(dag_.executorLost(source, failure.message));
    map = 0;
  }
  carryOut(dag_.fetchFailed(task.stage, task.partition, event.report.shuffle, map, source, failure.message));
}

/// What takes the place of the executor there would not be reached either.
void SchedulerLoop::excludeHost(ExecutorId source, ExecutorId reader) {
  const auto there = hosts_.find(source);
  const auto here = hosts_.find(reader);
  if (there == hosts_.end() || here == hosts_.end() || there->second == here->second) return;
  log::warn("{} gets no tasks for a while, if there are other hosts: others do not reach it", there->second);
  tasks_.excludeHost(there->second, now());
  bus_.post(events::ExecutorExcluded{.at = events::wallTime(),
                                     .executor = {},
                                     .host = there->second,
                                     .reason = "other hosts do not reach it",
                                     .lasts = events::Took(tasks_.excludeMillis())});
}

Failure SchedulerLoop::toFailure(const TaskEndEvent& event, const RunningTask& task) const {
  using Outcome = TaskReport::Outcome;
  Failure failure;
  switch (event.report.outcome) {
    case Outcome::kUserException:
      failure.kind = Failure::Kind::kUserException;
      break;
    case Outcome::kFetchFailed:
      failure.kind = Failure::Kind::kFetchFailed;
      break;
    case Outcome::kKilled:
      failure.kind = Failure::Kind::kKilled;
      break;
    case Outcome::kNotSent:
      failure.kind = Failure::Kind::kInDriver;
      break;
    default:
      failure.kind = Failure::Kind::kEngine;
  }
  failure.message = event.report.message;
  failure.exception_type = event.report.exception_type;
  failure.call_site = event.report.call_site;
  auto host = hosts_.find(event.executor);
  if (host != hosts_.end()) failure.host = host->second;
  if (failure.kind == Failure::Kind::kInDriver) failure.host = "the driver";
  failure.stage = task.stage.id;
  failure.partition = task.partition;
  failure.executor = event.executor;
  failure.attempts = task.attempt + 1;
  return failure;
}

}  // namespace cerium
