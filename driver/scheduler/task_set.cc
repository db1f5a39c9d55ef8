// Cerium. Licensed under the Apache License 2.0.
#include "driver/scheduler/task_set.h"

#include <algorithm>
#include <utility>

namespace cerium {
namespace {

constexpr int64_t kEnoughEnded = 3;      // tasks before the mean duration is trusted
constexpr size_t kDurationsKept = 1024;  // enough for a median; bounds what speculation costs

}  // namespace

TaskSet::TaskSet(const dag::SubmitTasks& tasks, Pool& pool, const TaskScheduler::Options& options)
    : ref_(tasks.stage), job_(tasks.job), pool_(&pool), barrier_(tasks.barrier), options_(options) {}

int TaskSet::slotOf(int partition) {
  const auto next = static_cast<int>(slots_.size());
  const int in_order = slots_.empty() ? 0 : partition - slots_.front().partition;
  if (in_order >= 0 && in_order < next && slot(in_order).partition == partition) return in_order;
  if (auto known = by_partition_.find(partition); known != by_partition_.end()) return known->second;
  if (in_order != next) by_partition_.emplace(partition, next);
  slots_.emplace_back().partition = partition;
  return next;
}

void TaskSet::add(const dag::SubmitTasks& tasks, const ExecutorTable& executors, Millis now) {
  ref_ = tasks.stage;
  suspended_ = false;
  since_ = now;
  last_near_launch_ = now;
  slots_.reserve(slots_.size() + tasks.partitions.size());
  std::vector<std::pair<int, std::vector<ExecutorSlots*>>> several;  // last, when shares show who has least to do
  for (size_t i = 0; i < tasks.partitions.size(); ++i) {
    const int index = slotOf(tasks.partitions[i]);
    const SlotState state = slot(index).state;
    if (state == SlotState::kPending || state == SlotState::kRunning) continue;
    if (state == SlotState::kDone) --done_;
    slot(index).state = SlotState::kPending;
    ++pending_;
    static const std::vector<std::string> kNoHosts;
    std::vector<ExecutorSlots*> holders;
    if (i < tasks.locations.size()) {
      for (ExecutorId id : tasks.locations[i]) {
        if (ExecutorSlots* holder = executors.find(id)) holders.push_back(holder);
      }
    }
    if (!holders.empty() && i < tasks.inputs.size()) {
      inputs_.resize(slots_.size());
      inputs_[static_cast<size_t>(index)] = tasks.inputs[i];
    }
    if (i < tasks.near.size() && tasks.near[i].valid() && !barrier_) reads_of_[tasks.near[i]].push_back(index);
    if (holders.size() > 1) {
      several.emplace_back(index, std::move(holders));
    } else {
      enqueue(index, holders, i < tasks.hosts.size() ? tasks.hosts[i] : kNoHosts);
    }
  }
  for (const auto& [index, holders] : several) enqueue(index, holders, {});
}

void TaskSet::enqueue(int index, const std::vector<ExecutorSlots*>& holders, const std::vector<std::string>& hosts) {
  if (barrier_) {  // a gang cannot be choosy, or it would never start
    anywhere_.push_back(index);
    return;
  }
  if (failed_on_.contains(index)) {
    slot(index).retry = true;
    retries_.push_back(index);
    return;
  }
  if (!holders.empty()) return enqueueNear(index, holders);
  for (const std::string& host : hosts) on_host_[host].push_back(index);
  anywhere_.push_back(index);
}

/// It is the share of that holder which has least to do for its cores; the others may run it when they are done.
void TaskSet::enqueueNear(int index, const std::vector<ExecutorSlots*>& holders) {
  const auto has_less = [this](const ExecutorSlots* a, const ExecutorSlots* b) {
    return int64_t{shares_[a->id] + 1} * b->cores < int64_t{shares_[b->id] + 1} * a->cores;
  };
  const ExecutorSlots* owner = *std::min_element(holders.begin(), holders.end(), has_less);
  ++shares_[owner->id];
  for (const ExecutorSlots* holder : holders) {
    Near& tasks = near_[holder->id];
    (holder == owner ? tasks.own : tasks.copies).push_back(index);
  }
}

bool TaskSet::isStale(int index) const {
  const Slot& at = slots_[static_cast<size_t>(index)];
  return at.state != SlotState::kPending || at.retry;
}

/// Drops stale entries from both ends.
void TaskSet::clean(Queue& queue) const {
  while (!queue.empty() && isStale(queue.front())) queue.pop_front();
  while (!queue.empty() && isStale(queue.back())) queue.pop_back();
}

int TaskSet::claim(int index) {
  slot(index).retry = false;
  return index;
}

int TaskSet::take(ExecutorSlots& executor, const ExecutorTable& executors, bool steal, Millis now) {
  if (pending_ == 0) return -1;
  if (int index = takeRetry(executor, executors); index >= 0) return index;
  if (int index = takeNear(executor, now); index >= 0) return index;
  clean(anywhere_);
  if (!anywhere_.empty()) {
    const int index = anywhere_.front();
    anywhere_.pop_front();
    return claim(index);
  }
  return steal ? takeFar(executor, executors, now) : -1;
}

/// A task that failed before goes to an executor where it has not failed, while there is one.
int TaskSet::takeRetry(const ExecutorSlots& executor, const ExecutorTable& executors) {
  for (auto entry = retries_.begin(); entry != retries_.end();) {
    const int index = *entry;
    if (slot(index).state != SlotState::kPending || !slot(index).retry) {
      entry = retries_.erase(entry);
      continue;
    }
    const auto& bad = failed_on_[index];
    const auto failed_there = [&](ExecutorId id) { return std::find(bad.begin(), bad.end(), id) != bad.end(); };
    const auto is_better = [&](const auto& other) { return executors.usable(*other) && !failed_there(other->id); };
    if (!failed_there(executor.id) || std::none_of(executors.all().begin(), executors.all().end(), is_better)) {
      retries_.erase(entry);
      return claim(index);
    }
    ++entry;
  }
  return -1;
}

int TaskSet::takeNear(const ExecutorSlots& executor, Millis now) {
  if (auto found = near_.find(executor.id); found != near_.end()) {
    for (Queue* queue : {&found->second.own, &found->second.copies}) {
      clean(*queue);
      if (queue->empty()) continue;
      const int index = queue->front();
      queue->pop_front();
      last_near_launch_ = now;
      return claim(index);
    }
    near_.erase(found);
  }
  if (int index = takeFrom(reads_of_, executor.id); index >= 0) return index;
  return takeFrom(on_host_, executor.host);
}

/// The first task that is worth trying at this place.
template <class Place>
int TaskSet::takeFrom(std::unordered_map<Place, Queue>& queues, const Place& place) {
  if (queues.empty()) return -1;
  auto found = queues.find(place);
  if (found == queues.end()) return -1;
  clean(found->second);
  if (found->second.empty()) {
    queues.erase(found);
    return -1;
  }
  const int index = found->second.front();
  found->second.pop_front();
  return claim(index);
}

/// Takes from the executor with most tasks to do, unless those will have run there sooner than it takes to compute
/// their input anew, and each executor has its share of them.
int TaskSet::takeFar(ExecutorSlots& executor, const ExecutorTable& executors, Millis now) {
  ExecutorId from;
  Near* most = nullptr;
  for (auto entry = near_.begin(); entry != near_.end();) {
    auto& [id, tasks] = *entry;
    clean(tasks.own);
    clean(tasks.copies);
    if (tasks.size() == 0) {
      entry = near_.erase(entry);
      continue;
    }
    const ExecutorSlots* holder = executors.find(id);
    const bool waits = holder != nullptr && executors.usable(*holder) && shouldWaitFor(*holder, tasks.size(), now) &&
                       !isWorthMoving(*holder, tasks, executor);
    if (!waits && (most == nullptr || tasks.size() > most->size())) {
      most = &tasks;
      from = id;
    }
    ++entry;
  }
  return most == nullptr ? -1 : move(*most, from, executor);
}

/// A core without work is worth a block's way to it, where the executor that holds the block has so many more of this
/// stage's that both have less to do afterwards. The block stays where it went, so that later jobs find both at work:
/// the first of them pays, which is why a block goes the same way once only.
bool TaskSet::isWorthMoving(const ExecutorSlots& from, const Near& tasks, const ExecutorSlots& to) const {
  if (tasks.own.empty() || from.freeCores() > 0) return false;
  const auto share = [this](const ExecutorSlots& of) {
    auto found = shares_.find(of.id);
    return int64_t{found == shares_.end() ? 0 : found->second};
  };
  if ((share(to) + 1) * from.cores > (share(from) - 1) * to.cores) return false;
  const double left = meanDuration() * static_cast<double>(tasks.own.size()) / from.cores;
  if (left > 0 && left < static_cast<double>(options_.move_worth_ms)) return false;
  return !to.moved.contains(inputOf(tasks.own.back()));
}

int TaskSet::move(Near& tasks, ExecutorId from, ExecutorSlots& to) {
  constexpr size_t kRemembered = 10'000;  // of RDDs that may long be gone
  Queue& queue = tasks.own.empty() ? tasks.copies : tasks.own;
  const int index = queue.back();
  if (&queue == &tasks.own) {
    --shares_[from];
    ++shares_[to.id];
  }
  queue.pop_back();
  if (to.moved.size() >= kRemembered) to.moved.clear();
  to.moved.insert(inputOf(index));
  return claim(index);
}

std::pair<RddId, int> TaskSet::inputOf(int index) const {
  const auto at = static_cast<size_t>(index);
  return {at < inputs_.size() ? inputs_[at] : RddId(), slots_[at].partition};
}

bool TaskSet::shouldWaitFor(const ExecutorSlots& holder, size_t backlog, Millis now) const {
  if (holder.freeCores() > 0) return true;  // it is offered the task in this very round
  const double rounds = static_cast<double>(backlog) / holder.cores;
  return now - last_near_launch_ < options_.locality_wait_ms &&
         meanDuration() * rounds <= static_cast<double>(options_.locality_wait_ms);
}

int TaskSet::takeCopy(const ExecutorSlots& executor) {
  for (auto entry = wanted_copies_.begin(); entry != wanted_copies_.end();) {
    const int index = *entry;
    const auto at = running_.find(index);
    if (at == running_.end() || at->second.copies[1].id.valid() || !at->second.copy_wanted) {
      entry = wanted_copies_.erase(entry);
      continue;
    }
    auto bad = failed_on_.find(index);
    const bool failed_there =
        bad != failed_on_.end() && std::find(bad->second.begin(), bad->second.end(), executor.id) != bad->second.end();
    if (at->second.copies[0].executor != executor.id && !failed_there) {
      wanted_copies_.erase(entry);
      return index;
    }
    ++entry;
  }
  return -1;
}

void TaskSet::launched(int index, Copy copy, Millis now) {
  Slot& at = slot(index);
  ++at.tries;
  if (at.state == SlotState::kRunning) {
    running_.at(index).copies[1] = copy;
    return;
  }
  at.state = SlotState::kRunning;
  running_[index] = {{copy, {}}, now, false};
  --pending_;
}

bool TaskSet::removeCopy(int index, TaskId id) {
  Running& at = running_.at(index);
  if (at.copies[0].id == id) std::swap(at.copies[0], at.copies[1]);
  at.copies[1] = {};
  at.copy_wanted = false;
  return !at.copies[0].id.valid();
}

void TaskSet::finish(int index) {
  running_.erase(index);
  slot(index).state = SlotState::kDone;
  ++done_;
}

void TaskSet::requeue(int index, bool retry) {
  Slot& at = slot(index);
  running_.erase(index);
  if (suspended_) {
    at.state = SlotState::kDropped;
    return;
  }
  at.state = SlotState::kPending;
  ++pending_;
  at.retry = retry || failed_on_.contains(index);
  if (at.retry) {
    retries_.push_front(index);
  } else {
    anywhere_.push_front(index);
  }
}

int TaskSet::noteFailure(int index, ExecutorId where) {
  auto& failures = failed_on_[index];
  failures.push_back(where);
  return static_cast<int>(failures.size());
}

void TaskSet::clearQueues() {
  retries_.clear();
  anywhere_.clear();
  wanted_copies_.clear();
  near_.clear();
  shares_.clear();
  on_host_.clear();
  reads_of_.clear();
}

void TaskSet::restart() {
  clearQueues();
  running_.clear();
  pending_ = static_cast<int>(slots_.size());
  done_ = 0;
  for (int index = 0; index < pending_; ++index) {
    Slot& at = slot(index);
    at.state = SlotState::kPending;
    at.retry = false;
    anywhere_.push_back(index);
  }
}

void TaskSet::suspend() {
  suspended_ = true;
  for (Slot& at : slots_) {
    if (at.state != SlotState::kPending) continue;
    at.state = SlotState::kDropped;
    at.retry = false;
  }
  pending_ = 0;
  clearQueues();
}

void TaskSet::recordDuration(Millis duration) {
  if (recent_.size() < kDurationsKept) {
    recent_.push_back(duration);
  } else {
    recent_[static_cast<size_t>(ended_) % kDurationsKept] = duration;
  }
  ++ended_;
  total_duration_ += duration;
}

/// 0 while unknown. The clock counts whole milliseconds: tasks that all took none are taken to have filled half of one
/// together, so that the mean falls as more of them end.
double TaskSet::meanDuration() const {
  if (ended_ < kEnoughEnded) return 0;
  return std::max(static_cast<double>(total_duration_), 0.5) / static_cast<double>(ended_);
}

int TaskSet::aheadPerCore() const {
  const double mean = meanDuration();
  if (mean <= 0) return 0;
  const double tasks = static_cast<double>(options_.queue_ahead_ms) / mean;
  return static_cast<int>(std::min(tasks, static_cast<double>(options_.queue_ahead_max)));
}

int TaskSet::wantCopies(Millis now) {
  if (barrier_ || running_.empty() || recent_.empty()) return 0;
  if (done_ < options_.speculation_quantile * static_cast<double>(slots_.size())) return 0;
  std::vector<Millis> sorted = recent_;
  const auto middle = sorted.begin() + static_cast<int64_t>(sorted.size() / 2);
  std::nth_element(sorted.begin(), middle, sorted.end());
  const double limit = std::max(static_cast<double>(*middle) * options_.speculation_multiplier,
                                static_cast<double>(options_.speculation_min_ms));
  int wanted = 0;
  for (auto& [index, at] : running_) {
    if (at.copy_wanted || at.copies[1].id.valid() || static_cast<double>(now - at.launched) <= limit) continue;
    at.copy_wanted = true;
    wanted_copies_.push_back(index);
    ++wanted;
  }
  return wanted;
}

bool TaskSet::hasUnboundTask() const {
  return anywhere_.containsAny([&](int index) { return !isStale(index); });
}

}  // namespace cerium
