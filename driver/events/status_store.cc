// Cerium. Licensed under the Apache License 2.0.
#include "driver/events/status_store.h"

#include <algorithm>

#include "driver/events/listener_views.h"

namespace cerium {
namespace {

/// Notes that `id` has ended, and forgets the earliest ends beyond kKept.
template <class Map>
void noteEnd(int64_t id, std::deque<int64_t>& ended, Map& all) {
  ended.push_back(id);
  for (; ended.size() > StatusStore::kKept; ended.pop_front()) all.erase(ended.front());
}

template <class Info>
std::vector<Info> valuesOf(const std::map<int64_t, Info>& all) {
  std::vector<Info> values;
  values.reserve(all.size());
  for (const auto& [id, info] : all) values.push_back(info);
  return values;
}

}  // namespace

void StatusStore::read(const events::Event& event) {
  MutexLock lock(mutex_);
  std::visit([this](const auto& each) CERIUM_REQUIRES(mutex_) { on(each); }, event);
}

void StatusStore::on(const events::JobStarted& event) { jobs_.insert_or_assign(event.job->job.value, viewOf(event)); }

void StatusStore::on(const events::JobEnded& event) {
  const int64_t job = event.job->job.value;
  jobs_.insert_or_assign(job, viewOf(event));
  noteEnd(job, ended_jobs_, jobs_);
}

void StatusStore::on(const events::StageSubmitted& event) {
  StageInfo stage = viewOf(event);
  const auto job = jobs_.find(stage.job);
  if (job != jobs_.end()) {
    auto& ids = job->second.stages;
    if (std::find(ids.begin(), ids.end(), stage.id) == ids.end()) ids.push_back(stage.id);
  }
  const int64_t id = stage.id;
  const bool is_again = !stages_.insert_or_assign(id, std::move(stage)).second;
  if (is_again) std::erase(ended_stages_, id);
}

void StatusStore::on(const events::StageProgressed& event) {
  const auto known = stages_.find(event.stage->stage.value);
  if (known == stages_.end()) return;  // of one that ended long ago, a task may end late
  const std::string status = known->second.status;
  known->second = viewOf(event);
  known->second.status = status;
}

void StatusStore::on(const events::StageCompleted& event) {
  if (event.outcome == events::StageOutcome::kResubmitted) return;  // the next attempt goes on with its figures
  totals_ += event.figures;
  const int64_t id = event.stage->stage.value;
  stages_.insert_or_assign(id, viewOf(event));
  noteEnd(id, ended_stages_, stages_);
}

void StatusStore::on(const events::ExecutorAdded& event) {
  executors_.insert_or_assign(event.executor.value, viewOf(event));
}

void StatusStore::on(const events::ExecutorRemoved& event) { executors_.erase(event.executor.value); }

std::vector<JobInfo> StatusStore::jobs() const {
  MutexLock lock(mutex_);
  return valuesOf(jobs_);
}

std::vector<StageInfo> StatusStore::stages() const {
  MutexLock lock(mutex_);
  return valuesOf(stages_);
}

std::vector<ExecutorInfo> StatusStore::executors() const {
  MutexLock lock(mutex_);
  return valuesOf(executors_);
}

StageInfo StatusStore::totals() const {
  MutexLock lock(mutex_);
  return viewOf(totals_);
}

}  // namespace cerium
