// Cerium. Licensed under the Apache License 2.0.
#include "driver/event_bus.h"

#include <pthread.h>

#include <algorithm>
#include <bit>

#include "base/util/error.h"
#include "base/util/exception_text.h"
#include "base/util/log.h"

namespace cerium {
namespace {

constexpr size_t kQueued = 100'000;

/// `id` has ended; those that ended first are forgotten.
template <class Map>
void noteEnd(int64_t id, std::deque<int64_t>& ended, Map& all) {
  ended.push_back(id);
  for (; ended.size() > EventBus::kKept; ended.pop_front()) all.erase(ended.front());
}

}  // namespace

void addFigures(StageInfo& to, const StageInfo& from) {
  to.num_tasks += from.num_tasks;
  to.completed_tasks += from.completed_tasks;
  to.failed_tasks += from.failed_tasks;
  to.records_read += from.records_read;
  to.bytes_read += from.bytes_read;
  to.shuffle_records_written += from.shuffle_records_written;
  to.shuffle_bytes_written += from.shuffle_bytes_written;
  to.shuffle_bytes_read += from.shuffle_bytes_read;
  to.remote_bytes_read += from.remote_bytes_read;
  to.spilled_bytes += from.spilled_bytes;
  to.run_micros += from.run_micros;
}

EventBus::EventBus() : thread_([this] { run(); }) { pthread_setname_np(thread_.native_handle(), "cerium-events"); }

EventBus::~EventBus() { stop(); }

void EventBus::add(std::shared_ptr<Listener> listener) {
  if (listener == nullptr) throw InvalidArgument("addListener: the listener is null; pass one that was made");
  std::lock_guard lock(mutex_);
  listeners_.push_back(std::move(listener));
}

void EventBus::stop() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  const bool is_in_listener = thread_.get_id() == std::this_thread::get_id();  // one that stops its Context
  if (thread_.joinable() && !is_in_listener) thread_.join();
}

void EventBus::flush() {
  std::unique_lock lock(mutex_);
  idle_.wait(lock, [this] { return (queue_.empty() && !delivering_) || stopping_; });
}

void EventBus::run() {
  std::unique_lock lock(mutex_);
  for (;;) {
    wake_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
    if (queue_.empty()) return;
    auto batch = std::move(queue_);
    queue_.clear();
    auto listeners = listeners_;
    delivering_ = true;
    lock.unlock();
    for (const auto& deliver : batch) {
      for (const auto& listener : listeners) {
        if (const auto thrown = guarded([&] { deliver(*listener); })) noteThrown(*thrown);
      }
    }
    lock.lock();
    delivering_ = false;
    idle_.notify_all();
  }
}

/// The first, the second, the fourth, ...: one that always throws must not fill the log.
void EventBus::noteThrown(const ExceptionText& thrown) {
  if (std::has_single_bit(++thrown_)) {
    log::warn("a listener threw an exception, the {}. of this Context, and is told of what follows all the same: {}",
              thrown_, thrown.str());
  }
}

template <class Event>
void EventBus::publish(void (Listener::*call)(const Event&), const Event& event) {
  if (listeners_.empty() || queue_.size() >= kQueued) return;
  queue_.push_back([call, event](Listener& listener) { (listener.*call)(event); });
  wake_.notify_one();
}

void EventBus::jobStarted(const JobInfo& job) {
  std::lock_guard lock(mutex_);
  jobs_[job.id] = job;
  publish(&Listener::onJobStart, job);
}

void EventBus::jobEnded(int64_t job, const std::string& status) {
  std::lock_guard lock(mutex_);
  auto found = jobs_.find(job);
  if (found == jobs_.end()) return;
  found->second.status = status;
  publish(&Listener::onJobEnd, found->second);
  noteEnd(job, ended_jobs_, jobs_);
}

void EventBus::stageSubmitted(const StageInfo& stage) {
  std::lock_guard lock(mutex_);
  const bool is_again = !stages_.insert_or_assign(stage.id, stage).second;
  if (is_again) std::erase(ended_stages_, stage.id);
  auto job = jobs_.find(stage.job);
  if (job != jobs_.end()) {
    auto& ids = job->second.stages;
    if (std::find(ids.begin(), ids.end(), stage.id) == ids.end()) ids.push_back(stage.id);
  }
  publish(&Listener::onStageSubmitted, stage);
}

void EventBus::stageProgressed(const StageInfo& stage) {
  std::lock_guard lock(mutex_);
  const auto known = stages_.find(stage.id);
  if (known != stages_.end()) known->second = stage;  // of one that ended long ago, a task may end late
}

void EventBus::stageCompleted(const StageInfo& stage) {
  std::lock_guard lock(mutex_);
  stages_[stage.id] = stage;
  addFigures(totals_, stage);
  publish(&Listener::onStageCompleted, stage);
  noteEnd(stage.id, ended_stages_, stages_);
}

void EventBus::taskStarted(const TaskInfo& task) {
  std::lock_guard lock(mutex_);
  publish(&Listener::onTaskStart, task);
}

void EventBus::taskEnded(const TaskInfo& task) {
  std::lock_guard lock(mutex_);
  publish(&Listener::onTaskEnd, task);
}

void EventBus::executorAdded(const ExecutorInfo& executor) {
  std::lock_guard lock(mutex_);
  executors_[executor.id] = executor;
  publish(&Listener::onExecutorAdded, executor);
}

void EventBus::executorRemoved(const ExecutorInfo& executor) {
  std::lock_guard lock(mutex_);
  executors_.erase(executor.id);
  publish(&Listener::onExecutorRemoved, executor);
}

std::vector<JobInfo> EventBus::jobs() const {
  std::lock_guard lock(mutex_);
  std::vector<JobInfo> all;
  for (const auto& [id, job] : jobs_) all.push_back(job);
  return all;
}

std::vector<StageInfo> EventBus::stages() const {
  std::lock_guard lock(mutex_);
  std::vector<StageInfo> all;
  for (const auto& [id, stage] : stages_) all.push_back(stage);
  return all;
}

std::vector<ExecutorInfo> EventBus::executors() const {
  std::lock_guard lock(mutex_);
  std::vector<ExecutorInfo> all;
  for (const auto& [id, executor] : executors_) all.push_back(executor);
  return all;
}

StageInfo EventBus::totals() const {
  std::lock_guard lock(mutex_);
  return totals_;
}

}  // namespace cerium
