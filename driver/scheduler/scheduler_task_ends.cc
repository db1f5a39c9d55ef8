// Cerium. Licensed under the Apache License 2.0.
// Scheduler: what follows from a task that ended.
#include <fmt/format.h>

#include "driver/scheduler/scheduler.h"

namespace cerium {

void Scheduler::on(in::TasksEnded& event) {
  tasks_.beginBatch();
  for (const TaskEnd& end : event.ends) taskEnded(event.executor, end, event.unheard);
  carryOut(tasks_.endBatch(now_));
}

void Scheduler::taskEnded(ExecutorId executor, const TaskEnd& end, const std::set<ExecutorId>& unheard) {
  const RunningTask* known = tasks_.find(end.id);
  if (known == nullptr || known->killed) {  // its result is not wanted any more
    if (end.kept) out_.emplace_back(out::DropResult{executor, end.id});
    if (known == nullptr) return;
  }
  const RunningTask task = *known;
  const bool is_success = end.outcome == TaskEnd::Outcome::kSuccess;
  if (is_success && !task.killed) {
    if (isTooMuch(end, task)) return refuseResult(end, task);
    if (end.kept) {
      if (is_watched_) tell(events::TaskGettingResult{.at = {}, .task = shown(task)});
      out_.emplace_back(out::FetchResult{executor, end.id});
      return;
    }
  }
  tellTaskEnded(end, task);
  if (task.killed || !is_success) out_.emplace_back(out::TaskGone{task.id});
  if (task.killed) {
    endKilled(task.id);
  } else if (is_success) {
    taskSucceeded(executor, end, task);
  } else {
    taskFailed(executor, end, task, !unheard.contains(end.source));
  }
}

/// The end of a killed task frees its core.
void Scheduler::endKilled(TaskId task) {
  Failure failure;
  failure.kind = Failure::Kind::kKilled;
  carryOut(tasks_.failed(task, failure, now_));
}

void Scheduler::taskSucceeded(ExecutorId executor, const TaskEnd& end, const RunningTask& task) {
  auto verdict = dag_.taskSucceeded(task.stage, task.partition, {executor, end.map_checksum}, end.map_sizes);
  if (verdict.is_progress) countProgress(task.stage.id, end.metrics);
  if (verdict.counts) {
    const auto stage = stages_.find(task.stage.id);
    const bool is_result = stage != stages_.end() && !stage->second.shuffle;
    out_.emplace_back(out::Deliver{task.id, task.stage, is_result ? stage->second.shown->job : JobId(), task.partition,
                                   task.attempt});
  }
  carryOut(tasks_.succeeded(task.id, now_));
  const auto stage = stages_.find(task.stage.id);
  if (verdict.stage_complete && stage != stages_.end()) tellOver(stage->second, events::StageOutcome::kSucceeded);
  carryOut(std::move(verdict.instructions));
}

/// The job that a result task works for; null for a map task.
Scheduler::Job* Scheduler::jobOf(const RunningTask& task) {
  auto stage = stages_.find(task.stage.id);
  if (stage == stages_.end() || stage->second.shuffle) return nullptr;
  auto job = jobs_.find(stage->second.shown->job);
  return job == jobs_.end() ? nullptr : &job->second;
}

/// Whether a job's results are more, with this one, than the driver is to hold. Each partition counts once, as soon as
/// its first result is announced, which is before a large one travels.
bool Scheduler::isTooMuch(const TaskEnd& end, const RunningTask& task) {
  Job* job = max_result_bytes_ == 0 ? nullptr : jobOf(task);
  if (job == nullptr) return false;
  auto is_measured = job->measured[static_cast<size_t>(task.partition)];
  if (is_measured) return false;
  is_measured = true;
  job->result_bytes += static_cast<uint64_t>(end.metrics.result_bytes);
  return job->result_bytes > max_result_bytes_;
}

void Scheduler::refuseResult(TaskEnd end, const RunningTask& task) {
  if (end.kept) out_.emplace_back(out::DropResult{task.executor, task.id});
  end.outcome = TaskEnd::Outcome::kNotSent;
  end.message = fmt::format(
      "the results of the job are {} bytes so far, more than cerium.driver.maxResultSize, {} bytes; raise it (0 is no "
      "limit), or reduce or save the records instead of collecting them",
      jobOf(task)->result_bytes, max_result_bytes_);
  end.call_site = actionOf(task.stage.id);
  tellTaskEnded(end, task);
  out_.emplace_back(out::TaskGone{task.id});
  carryOut(tasks_.failed(task.id, toFailure(task.executor, end, task), now_));
}

/// "collect at wordcount.cc:12", the action that the stage runs for; empty where that is not known any more.
std::string Scheduler::actionOf(StageId id) const {
  const auto stage = stages_.find(id);
  if (stage == stages_.end()) return {};
  const auto job = jobs_.find(stage->second.shown->job);
  return job == jobs_.end() ? std::string() : job->second.shown->call_site;
}

void Scheduler::taskFailed(ExecutorId executor, const TaskEnd& end, const RunningTask& task, bool is_source_heard) {
  Failure failure = toFailure(executor, end, task);
  if (failure.kind == Failure::Kind::kFetchFailed) return fetchFailed(end, task, std::move(failure), is_source_heard);
  if (failure.kind != Failure::Kind::kKilled) {
    warn(fmt::format("stage {}, partition {}, attempt {} failed on {}: {}{}{}", task.stage.id.value, task.partition,
                     task.attempt, failure.host, failure.exception_type, failure.exception_type.empty() ? "" : ": ",
                     failure.message));
  }
  carryOut(tasks_.failed(task.id, failure, now_));
}

/// Who is to blame for a fetch that failed. A missing output is its holder's fault: it is computed again. A holder that
/// is out of reach may be the reader's fault while the driver hears it: then the task is tried elsewhere first.
void Scheduler::fetchFailed(const TaskEnd& end, const RunningTask& task, Failure failure, bool is_source_heard) {
  const ExecutorId source = end.source;
  const ExecutorId reader = failure.executor;
  const bool is_out_of_reach = end.map == FetchFailed::kAllMaps;
  log(fmt::format("stage {}, partition {}: output of shuffle {} cannot be read from executor {} by executor {}: {}",
                  task.stage.id.value, task.partition, end.shuffle.value, source.value, reader.value, failure.message));
  const bool is_network = is_out_of_reach && is_source_heard;
  if (is_network && !fetch_failures_.add({source, reader, task.attempt}, executors_.size(), now_)) {
    failure.kind = Failure::Kind::kUnreachable;
    failure.message = fmt::format("output of shuffle {} cannot be read from executor {}: {}", end.shuffle.value,
                                  source.value, failure.message);
    return carryOut(tasks_.failed(task.id, failure, now_));
  }
  carryOut(tasks_.failed(task.id, failure, now_));
  if (is_out_of_reach) {
    if (is_network) excludeHost(source, reader);
    // All that the executor held is given up at once, not output by output.
    out_.emplace_back(out::EndExecutor{source, failure.message});
    carryOut(dag_.executorLost(source, failure.message));
  }
  const int map = is_out_of_reach ? 0 : end.map;
  carryOut(dag_.fetchFailed(task.stage, task.partition, end.shuffle, map, source, failure.message));
}

/// An executor that takes the place of `source` on the same host would not be reached either.
void Scheduler::excludeHost(ExecutorId source, ExecutorId reader) {
  const std::string there = hostOf(source);
  const std::string here = hostOf(reader);
  if (there.empty() || here.empty() || there == here) return;
  warn(fmt::format("{} gets no tasks for a while, if there are other hosts: others do not reach it", there));
  carryOut(tasks_.excludeHost(there, now_));
  tell(events::ExecutorExcluded{.at = {},
                                .executor = {},
                                .host = there,
                                .reason = "other hosts do not reach it",
                                .lasts = events::Took(tasks_.excludeMillis())});
}

Failure Scheduler::toFailure(ExecutorId executor, const TaskEnd& end, const RunningTask& task) const {
  using Outcome = TaskEnd::Outcome;
  Failure failure;
  switch (end.outcome) {
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
    case Outcome::kEngineFailure:
    case Outcome::kSuccess:
      failure.kind = Failure::Kind::kEngine;
  }
  failure.message = end.message;
  failure.exception_type = end.exception_type;
  failure.call_site = end.call_site;
  failure.host = failure.kind == Failure::Kind::kInDriver ? "the driver" : hostOf(executor);
  failure.stage = task.stage.id;
  failure.partition = task.partition;
  failure.executor = executor;
  failure.attempts = task.attempt + 1;
  return failure;
}

}  // namespace cerium
