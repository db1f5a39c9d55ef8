// Cerium. Licensed under the Apache License 2.0.
#include "driver/scheduler/task_state.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <vector>

namespace cerium {

tasks::Instructions TaskScheduler::State::finishEvent() {
  for (const auto& instruction : out) {
    const auto* launch = std::get_if<tasks::Launch>(&instruction);
    if (launch == nullptr) continue;
    if (ExecutorSlots* executor = executors.find(launch->executor)) executor->batch = -1;
  }
  return std::exchange(out, {});
}

/// Gives the executor's free cores work, and its busy ones work ahead.
void TaskScheduler::State::offer(ExecutorSlots& executor, Millis now) {
  if (in_batch) return freed.push_back(executor.id);
  if (!executors.usable(executor)) return;
  while (executor.freeCores() > 0 && launchOne(executor, now)) {
  }
  if (barrier_launched) return offerAll(now);
  queueAhead(executor, now);
}

/// One task for each executor in turn, so that they fill evenly.
void TaskScheduler::State::offerAll(Millis now) {
  if (in_batch) {
    offer_all = true;
    return;
  }
  const auto& all = executors.all();
  std::vector<ExecutorSlots*> usable;
  for (size_t i = 0; i < all.size(); ++i) {
    ExecutorSlots* executor = all[(next_offer + i) % all.size()].get();
    if (executors.usable(*executor)) usable.push_back(executor);
  }
  // Once more where some got work and some did not: a task waits for an executor that has a core to spare, and may be
  // had as soon as that is busy.
  while (offerRounds(usable, now)) {
  }
  barrier_launched = false;
  for (ExecutorSlots* executor : usable) queueAhead(*executor, now);
}

/// True where some of the executors got work and others with free cores did not.
bool TaskScheduler::State::offerRounds(std::vector<ExecutorSlots*> open, Millis now) {
  bool launched = false;
  bool refused = false;
  while (!open.empty()) {
    std::vector<ExecutorSlots*> still_open;
    for (ExecutorSlots* executor : open) {
      if (executor->freeCores() == 0) continue;
      if (!launchOne(*executor, now)) {
        refused = true;
        continue;
      }
      launched = true;
      ++next_offer;
      still_open.push_back(executor);
    }
    open = std::move(still_open);
  }
  return launched && refused;
}

bool TaskScheduler::State::launchOne(ExecutorSlots& executor, Millis now) {
  bool launched = false;
  pools.visit([&](TaskSet& set) {
    if (set.isBarrier()) {
      bool must_wait = false;
      launched = launchBarrier(set, now, must_wait);
      return launched || must_wait;
    }
    int slot = set.take(executor, executors, true, now);
    if (slot < 0) slot = set.takeCopy(executor);
    if (slot < 0) return false;
    launch(set, slot, executor, now);
    launched = true;
    return true;
  });
  return launched;
}

/// All tasks of the set, or none. `must_wait` where they will fit as soon as others end: then those behind it get
/// nothing meanwhile, or it might wait for ever.
bool TaskScheduler::State::launchBarrier(TaskSet& set, Millis now, bool& must_wait) {
  std::vector<ExecutorSlots*> open;
  int free = 0;
  int cores = 0;
  for (const auto& executor : executors.all()) {
    if (!executors.usable(*executor)) continue;
    cores += executor->cores;
    free += executor->freeCores();
    if (executor->freeCores() > 0) open.push_back(executor.get());
  }
  must_wait = cores >= set.pending();
  if (free < set.pending()) return false;
  while (set.pending() > 0) {
    for (ExecutorSlots* executor : open) {
      if (executor->freeCores() == 0) continue;
      const int slot = set.take(*executor, executors, true, now);
      if (slot >= 0) launch(set, slot, *executor, now);
    }
  }
  barrier_launched = true;
  return true;
}

/// Sends short tasks before their cores are free. Never more than half of an executor's share of what is left, so that
/// none sits idle at the end while another has a queue; and again only when half of the queue is done, so that one
/// message carries many.
void TaskScheduler::State::queueAhead(ExecutorSlots& executor, Millis now) {
  if (executor.freeCores() > 0) return;
  pools.visit([&](TaskSet& set) {
    if (set.pending() == 0) return false;
    const int per_core = set.isBarrier() ? 0 : set.aheadPerCore();
    const int64_t share = int64_t{set.pending()} * executor.cores / (2 * int64_t{executors.totalCores()});
    int64_t limit = std::min(int64_t{per_core} * executor.cores, share);
    if (limit == 0 || executor.queued > limit / 2) return true;
    // Cores that run other, perhaps long, tasks do not help to empty the queue.
    int64_t helping = 0;
    for (TaskId id : executor.tasks) {
      const TaskRecord& task = tasks.at(id.value);
      if (task.started >= 0 && task.set == &set) ++helping;
    }
    limit = std::min(limit, per_core * helping);
    while (executor.queued < limit) {
      const int slot = set.take(executor, executors, false, now);
      if (slot < 0) break;
      launch(set, slot, executor, now);
    }
    return true;
  });
}

void TaskScheduler::State::launch(TaskSet& set, int slot, ExecutorSlots& executor, Millis now) {
  const TaskId id(next_task++);
  const bool speculative = set.slot(slot).state == TaskSet::SlotState::kRunning;
  TaskRecord task;
  task.shown = {.id = id,
                .stage = set.ref(),
                .partition = set.slot(slot).partition,
                .attempt = set.slot(slot).tries,
                .executor = executor.id,
                .speculative = speculative,
                .launched = now};
  task.set = &set;
  task.slot = slot;
  task.held_at = executor.tasks.size();
  executor.tasks.push_back(id);
  if (executor.freeCores() > 0) {
    task.started = now;
    ++executor.started;
  } else {
    executor.queue.push_back(id);
    ++executor.queued;
  }
  if (executor.batch < 0) {
    executor.batch = static_cast<int>(out.size());
    out.emplace_back(tasks::Launch{executor.id, {}});
  }
  auto& batch = std::get<tasks::Launch>(out[static_cast<size_t>(executor.batch)]);
  batch.tasks.push_back({.id = id,
                         .stage = set.ref(),
                         .partition = task.shown.partition,
                         .attempt = task.shown.attempt,
                         .speculative = speculative});
  tasks.emplace(id.value, task);
  set.launched(slot, {id, executor.id}, now);
  ++set.pool().running;
  Pools::update(set);
}

/// The task is off its executor: forgets it, and marks the next in the executor's queue as started.
TaskRecord TaskScheduler::State::release(TaskId id, Millis now) {
  auto found = tasks.find(id.value);
  const TaskRecord task = found->second;
  tasks.erase(found);
  ExecutorSlots* executor = executors.find(task.shown.executor);
  if (executor == nullptr) return task;
  const TaskId last = executor->tasks.back();
  executor->tasks[task.held_at] = last;
  executor->tasks.pop_back();
  if (last != id) tasks.at(last.value).held_at = task.held_at;
  if (task.started < 0) {
    --executor->queued;
    return task;
  }
  --executor->started;
  while (!executor->queue.empty()) {
    auto next = tasks.find(executor->queue.front().value);
    executor->queue.pop_front();
    if (next == tasks.end()) continue;
    next->second.started = now;
    --executor->queued;
    ++executor->started;
    break;
  }
  return task;
}

/// Its core stays busy until the executor reports the end.
void TaskScheduler::State::kill(TaskSet::Copy copy, const std::string& reason) {
  TaskRecord& task = tasks.at(copy.id.value);
  --task.set->pool().running;
  task.set = nullptr;
  task.shown.killed = true;
  if (executors.find(copy.executor) != nullptr) out.emplace_back(tasks::Kill{copy.executor, copy.id, reason});
}

void TaskScheduler::State::killAll(TaskSet& set, const std::string& reason) {
  for (const auto& [index, running] : set.running()) {
    for (const TaskSet::Copy& copy : running.copies) {
      if (copy.id.valid()) kill(copy, reason);
    }
  }
}

/// `task` has left its executor and its pool's count, not its set.
void TaskScheduler::State::handleFailure(const TaskRecord& task, const Failure& failure, bool counts, Millis now) {
  TaskSet& set = *task.set;
  const bool no_copy_left = set.removeCopy(task.slot, task.shown.id);
  int failures = 0;
  if (counts) {
    failures = set.noteFailure(task.slot, task.shown.executor);
    if (failure.kind != Failure::Kind::kUnreachable) strike(task, now);
    if (set.isBarrier()) failures = ++set.barrier_failures;
  }
  const bool is_lost = failure.kind == Failure::Kind::kExecutorLost && task.started >= 0;
  const int losses = is_lost ? set.noteExecutorLost(task.slot) : 0;
  const bool is_hopeless = failure.kind == Failure::Kind::kInDriver;
  if (is_hopeless || failures >= options.max_task_failures || losses >= options.max_executors_lost) {
    Failure told = failure;
    told.stage = set.ref().id;
    told.partition = task.shown.partition;
    told.executor = task.shown.executor;
    if (!is_hopeless) told.attempts = std::max(failures, losses);
    return giveUp(set, std::move(told));
  }
  const bool by_fetch = failure.kind == Failure::Kind::kFetchFailed;
  // A task that an older attempt left behind is part of the present one: the DAG scheduler counts on it being run.
  if (by_fetch && task.shown.stage.attempt == set.ref().attempt) set.suspend();
  if (set.isBarrier()) {
    killAll(set, "another task of its barrier stage failed");
    const bool wait_for_next_attempt = set.isSuspended();
    set.restart();
    if (wait_for_next_attempt) set.suspend();
  } else if (no_copy_left) {
    set.requeue(task.slot, counts);
  }
  settle(set);
}

void TaskScheduler::State::strike(const TaskRecord& task, Millis now) {
  ExecutorSlots* executor = executors.find(task.shown.executor);
  if (executor == nullptr || !executors.strike(*executor, task.shown.stage.id, task.shown.partition, now)) return;
  out.emplace_back(
      tasks::Excluded{.executor = executor->id,
                      .host = executor->host,
                      .reason = fmt::format("{} different tasks failed there", options.exclude_after_failures),
                      .lasts = options.exclude_ms});
}

void TaskScheduler::State::giveUp(TaskSet& set, Failure failure) {
  out.emplace_back(tasks::GiveUp{set.ref(), std::move(failure)});
  killAll(set, "its stage has failed");
  remove(set);
}

void TaskScheduler::State::settle(TaskSet& set) {
  if (set.isFinished()) {
    remove(set);
  } else {
    Pools::update(set);
  }
}

void TaskScheduler::State::remove(TaskSet& set) {
  Pools::forget(set);
  sets.erase(set.ref().id);
}

/// A barrier stage that needs more cores than there are, and none has come for a while, will never run.
void TaskScheduler::State::giveUpHopelessBarriers(Millis now) {
  const int cores = executors.totalCores();
  std::vector<TaskSet*> hopeless;
  for (const auto& [id, set] : sets) {
    const Millis settled = std::max(last_executor_change, set->since());
    if (!set->isBarrier() || set->pending() <= cores || cores == 0) continue;
    if (now - settled >= options.barrier_wait_ms) hopeless.push_back(set.get());
  }
  for (TaskSet* set : hopeless) {
    Failure failure;
    failure.kind = Failure::Kind::kEngine;
    failure.message = fmt::format(
        "barrier stage needs {} cores; {} are there. Its tasks must all run at the same time: use fewer partitions or "
        "more executors",
        set->pending(), cores);
    failure.stage = set->ref().id;
    giveUp(*set, std::move(failure));
  }
}

/// One line for explainWaiting.
std::string TaskScheduler::State::explain(const TaskSet& set, Millis now) const {
  int free = 0;
  int excluded = 0;
  Millis longest = 0;
  for (const auto& executor : executors.all()) {
    if (executors.usable(*executor)) {
      free += executor->freeCores();
    } else {
      ++excluded;
      longest = std::max(longest, executor->excluded_until - now);
    }
  }
  const std::string cluster = fmt::format(
      "{} executors, {} cores, {}{}", executors.all().size(), executors.totalCores(),
      free == 0 ? "all busy" : std::to_string(free) + " free",
      excluded == 0 ? ""
                    : fmt::format("; {} executors are excluded after failures, for {} s", excluded, longest / 1000));
  const std::string stage = "stage " + set.ref().id.str();
  if (executors.all().empty())
    return fmt::format("{}: {} tasks wait for an executor; none is there", stage, set.pending());
  if (set.isBarrier())
    return fmt::format("{}: needs {} free cores at the same time; {}", stage, set.pending(), cluster);
  if (free == 0) return fmt::format("{}: {} tasks wait for a free core; {}", stage, set.pending(), cluster);
  return fmt::format("{}: {} tasks wait for an executor that has their cached input or has not failed them; {}", stage,
                     set.pending(), cluster);
}

}  // namespace cerium
