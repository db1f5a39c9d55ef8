// Cerium. Licensed under the Apache License 2.0.
#include "driver/task_set.h"

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
  for (size_t i = 0; i < tasks.partitions.size(); ++i) {
    const int index = slotOf(tasks.partitions[i]);
    const SlotState state = slot(index).state;
    if (state == SlotState::kPending || state == SlotState::kRunning) continue;
    if (state == SlotState::kDone) --done_;
    slot(index).state = SlotState::kPending;
    ++pending_;
    static const std::vector<ExecutorId> kNoHolders;
    static const std::vector<std::string> kNoHosts;
    enqueue(index, i < tasks.locations.size() ? tasks.locations[i] : kNoHolders,
            i < tasks.hosts.size() ? tasks.hosts[i] : kNoHosts, executors);
  }
}

void TaskSet::enqueue(int index, const std::vector<ExecutorId>& holders, const std::vector<std::string>& hosts,
                      const ExecutorTable& executors) {
  if (barrier_) {  // a gang cannot be choosy, or it would never start
    anywhere_.push_back(index);
    return;
  }
  if (failed_on_.contains(index)) {
    slot(index).retry = true;
    retries_.push_back(index);
    return;
  }
  bool is_near = false;
  for (ExecutorId holder : holders) {
    if (executors.find(holder) == nullptr) continue;
    near_[holder].push_back(index);
    is_near = true;
  }
  if (is_near) return;
  for (const std::string& host : hosts) on_host_[host].push_back(index);
  anywhere_.push_back(index);
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

int TaskSet::take(const ExecutorSlots& executor, const ExecutorTable& executors, bool steal, Millis now) {
  if (pending_ == 0) return -1;
  if (int index = takeRetry(executor, executors); index >= 0) return index;
  if (int index = takeNear(executor, now); index >= 0) return index;
  clean(anywhere_);
  if (!anywhere_.empty()) {
    const int index = anywhere_.front();
    anywhere_.pop_front();
    return claim(index);
  }
  return steal ? takeFar(executors, now) : -1;
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
    clean(found->second);
    if (!found->second.empty()) {
      const int index = found->second.front();
      found->second.pop_front();
      last_near_launch_ = now;
      return claim(index);
    }
    near_.erase(found);
  }
  if (on_host_.empty()) return -1;
  auto found = on_host_.find(executor.host);
  if (found == on_host_.end()) return -1;
  clean(found->second);
  if (found->second.empty()) {
    on_host_.erase(found);
    return -1;
  }
  const int index = found->second.front();
  found->second.pop_front();
  return claim(index);
}

/// Takes from the executor with most tasks to do, unless those will have run there sooner than it takes to compute
/// their input anew.
int TaskSet::takeFar(const ExecutorTable& executors, Millis now) {
  Queue* longest = nullptr;
  for (auto entry = near_.begin(); entry != near_.end();) {
    Queue& queue = entry->second;
    clean(queue);
    if (queue.empty()) {
      entry = near_.erase(entry);
      continue;
    }
    const ExecutorSlots* holder = executors.find(entry->first);
    const bool waits = holder != nullptr && executors.usable(*holder) && shouldWaitFor(*holder, queue.size(), now);
    if (!waits && (longest == nullptr || queue.size() > longest->size())) longest = &queue;
    ++entry;
  }
  if (longest == nullptr) return -1;
  const int index = longest->back();
  longest->pop_back();
  return claim(index);
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
  on_host_.clear();
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
