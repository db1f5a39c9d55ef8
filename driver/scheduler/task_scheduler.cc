// Cerium. Licensed under the Apache License 2.0.
#include "driver/scheduler/task_scheduler.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "driver/scheduler/task_state.h"

namespace cerium {
namespace {

/// Whether a failure of this kind says anything about the task or the place where it ran.
bool countsAsTry(Failure::Kind kind) {
  switch (kind) {
    case Failure::Kind::kUserException:
    case Failure::Kind::kCrash:
    case Failure::Kind::kEngine:
    case Failure::Kind::kUnreachable:
      return true;
    case Failure::Kind::kExecutorLost:
    case Failure::Kind::kInDriver:
    case Failure::Kind::kFetchFailed:
    case Failure::Kind::kCancelled:
    case Failure::Kind::kKilled:
      return false;
  }
  return true;
}

}  // namespace

TaskScheduler::TaskScheduler(Options options) : state_(std::make_unique<State>(options)) {}
TaskScheduler::~TaskScheduler() = default;

tasks::Instructions TaskScheduler::executorAdded(ExecutorId executor, const std::string& host, int cores, Millis now) {
  if (!state_->executors.add(executor, host, cores)) return {};
  state_->last_executor_change = now;
  state_->offerAll(now);
  return state_->finishEvent();
}

tasks::Instructions TaskScheduler::excludeHost(const std::string& host, Millis now) {
  state_->executors.excludeHost(host, now);
  state_->offerAll(now);
  return state_->finishEvent();
}

Millis TaskScheduler::excludeMillis() const { return state_->options.exclude_ms; }

tasks::Instructions TaskScheduler::executorLeaving(ExecutorId executor, Millis now) {
  state_->executors.leave(executor);
  state_->offerAll(now);
  return state_->finishEvent();
}

tasks::Instructions TaskScheduler::executorLost(ExecutorId executor, const Failure& failure,
                                                const std::vector<TaskId>& guilty, Millis now) {
  const ExecutorSlots* lost = state_->executors.find(executor);
  if (lost == nullptr) return {};
  std::vector<TaskId> held = lost->tasks;
  const bool is_any_guilty = failure.kind == Failure::Kind::kCrash && guilty.empty();
  const auto is_guilty = [&](TaskId id) {
    return is_any_guilty ? state_->tasks.at(id.value).started >= 0
                         : std::find(guilty.begin(), guilty.end(), id) != guilty.end();
  };
  // The guilty first: a barrier stage fails as a whole with the first of its tasks, which should be one that counts.
  std::sort(held.begin(), held.end());
  const auto innocent = std::stable_partition(held.begin(), held.end(), is_guilty);
  Failure told = failure;
  if (told.host.empty()) told.host = lost->host;
  state_->executors.remove(executor);
  state_->last_executor_change = now;
  for (auto id = held.begin(); id != held.end(); ++id) {
    const TaskRecord task = state_->release(*id, now);
    if (task.set == nullptr) continue;
    --task.set->pool().running;
    state_->handleFailure(task, told, id < innocent, now);
  }
  for (const auto& [id, set] : state_->sets) Pools::update(*set);
  state_->offerAll(now);
  return state_->finishEvent();
}

tasks::Instructions TaskScheduler::submit(const dag::SubmitTasks& task_set, Millis now) {
  auto& set = state_->sets[task_set.stage.id];
  if (!set) {
    set = std::make_unique<TaskSet>(task_set, state_->pools.get(task_set.pool), state_->options);
  } else if (set->isBarrier()) {
    state_->killAll(*set, "its barrier stage starts over");
    set->restart();
  }
  set->add(task_set, state_->executors, now);
  state_->settle(*set);
  state_->offerAll(now);
  return state_->finishEvent();
}

tasks::Instructions TaskScheduler::cancel(StageRef stage, const std::string& reason, Millis now) {
  auto found = state_->sets.find(stage.id);
  if (found == state_->sets.end() || found->second->ref().attempt > stage.attempt) return {};
  state_->killAll(*found->second, reason);
  state_->remove(*found->second);
  state_->offerAll(now);  // it may have been a barrier stage that held cores back
  return state_->finishEvent();
}

tasks::Instructions TaskScheduler::succeeded(TaskId id, Millis now) {
  if (!state_->tasks.contains(id.value)) return {};
  const TaskRecord task = state_->release(id, now);
  if (TaskSet* set = task.set) {
    --set->pool().running;
    set->recordDuration(now - (task.started < 0 ? now : task.started));
    for (const TaskSet::Copy& copy : set->copies(task.slot)) {
      if (copy.id.valid() && copy.id != id) state_->kill(copy, "another attempt of the task was faster");
    }
    set->finish(task.slot);
    state_->settle(*set);
  }
  state_->offer(*state_->executors.find(task.shown.executor), now);
  return state_->finishEvent();
}

tasks::Instructions TaskScheduler::failed(TaskId id, const Failure& failure, Millis now) {
  if (!state_->tasks.contains(id.value)) return {};
  const TaskRecord task = state_->release(id, now);
  ExecutorSlots* executor = state_->executors.find(task.shown.executor);
  if (task.set == nullptr) {
    state_->offer(*executor, now);
    return state_->finishEvent();
  }
  --task.set->pool().running;
  Failure told = failure;
  if (told.host.empty()) told.host = executor->host;
  state_->handleFailure(task, told, countsAsTry(failure.kind), now);
  state_->offerAll(now);
  return state_->finishEvent();
}

void TaskScheduler::beginBatch() { state_->in_batch = true; }

tasks::Instructions TaskScheduler::endBatch(Millis now) {
  state_->in_batch = false;
  auto freed = std::exchange(state_->freed, {});
  if (std::exchange(state_->offer_all, false)) {
    state_->offerAll(now);
    return state_->finishEvent();
  }
  std::sort(freed.begin(), freed.end());
  freed.erase(std::unique(freed.begin(), freed.end()), freed.end());
  for (ExecutorId each : freed) {
    if (ExecutorSlots* executor = state_->executors.find(each)) state_->offer(*executor, now);
  }
  return state_->finishEvent();
}

tasks::Instructions TaskScheduler::tick(Millis now) {
  if (state_->options.speculation) {
    for (const auto& [id, set] : state_->sets) {
      if (const int copies = set->wantCopies(now); copies > 0) {
        state_->note(fmt::format("stage {}: {} tasks run far longer than most; second copies start", id.str(), copies));
        Pools::update(*set);
      }
    }
  }
  for (ExecutorId executor : state_->executors.endExclusions(now)) {
    state_->out.emplace_back(tasks::Readmitted{executor});
  }
  state_->giveUpHopelessBarriers(now);
  state_->offerAll(now);
  return state_->finishEvent();
}

const RunningTask* TaskScheduler::find(TaskId task) const {
  auto found = state_->tasks.find(task.value);
  return found == state_->tasks.end() ? nullptr : &found->second.shown;
}

std::vector<RunningTask> TaskScheduler::runningOn(ExecutorId executor) const {
  std::vector<RunningTask> running;
  if (const ExecutorSlots* slots = state_->executors.find(executor)) {
    for (TaskId id : slots->tasks) running.push_back(state_->tasks.at(id.value).shown);
  }
  return running;
}

int TaskScheduler::totalCores() const { return state_->executors.totalCores(); }

size_t TaskScheduler::pendingTasks() const {
  size_t pending = 0;
  for (const auto& [id, set] : state_->sets) pending += static_cast<size_t>(set->pending());
  return pending;
}

TaskId TaskScheduler::nextTask() const { return TaskId(state_->next_task); }

TaskId TaskScheduler::oldestTask() const {
  int64_t oldest = state_->next_task;
  for (const auto& [id, task] : state_->tasks) oldest = std::min(oldest, id);
  return TaskId(oldest);
}

std::string TaskScheduler::explainWaiting(Millis now) const {
  std::string text;
  for (const auto& [id, set] : state_->sets) {
    if (set->pending() > 0) text += state_->explain(*set, now) + "\n";
  }
  return text;
}

void TaskScheduler::setPool(const std::string& name, int weight, int min_share) {
  state_->pools.configure(name, weight, min_share);
}

std::string TaskScheduler::checkInvariants() const {
  size_t held = 0;
  bool core_idles = false;
  for (const auto& executor : state_->executors.all()) {
    const std::string name = "executor " + executor->id.str();
    held += executor->tasks.size();
    if (executor->started > executor->cores) return name + " runs more tasks than it has cores";
    if (executor->queued > 0 && executor->freeCores() > 0) return name + " queues tasks beside a free core";
    if (executor->tasks.size() != static_cast<size_t>(executor->started + executor->queued)) {
      return name + " holds tasks that neither run nor wait";
    }
    core_idles = core_idles || (executor->freeCores() > 0 && state_->executors.usable(*executor));
  }
  if (held != state_->tasks.size()) return "a task is held by no executor";
  bool barrier_waits = false;
  for (const auto& [id, set] : state_->sets) barrier_waits = barrier_waits || (set->isBarrier() && set->pending() > 0);
  for (const auto& [id, set] : state_->sets) {
    const auto is_pending = [](const TaskSet::Slot& slot) { return slot.state == TaskSet::SlotState::kPending; };
    if (std::count_if(set->slots().begin(), set->slots().end(), is_pending) != set->pending()) {
      return "stage " + id.str() + " has miscounted its pending tasks";
    }
    if (set->isFinished()) return "stage " + id.str() + " has nothing to do and is still there";
    if (core_idles && !barrier_waits && set->hasUnboundTask()) return "a core idles beside a task of stage " + id.str();
  }
  return {};
}

}  // namespace cerium
