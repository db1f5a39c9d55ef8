// Cerium. Licensed under the Apache License 2.0.
#include "driver/backend/running_job.h"

#include <algorithm>
#include <utility>

#include "base/util/exception_text.h"
#include "driver/job_failed.h"

namespace cerium {
namespace {

/// By partition; one that is named twice stands at the first of its places. Jobs of ten million tasks run on all
/// partitions in order, and need none.
std::vector<std::pair<int, int>> placesOf(const std::vector<int>& partitions) {
  std::vector<std::pair<int, int>> places;
  const auto n = static_cast<int>(partitions.size());
  int in_order = 0;
  while (in_order < n && partitions[static_cast<size_t>(in_order)] == in_order) ++in_order;
  if (in_order == n) return places;
  places.reserve(partitions.size());
  for (int place = 0; place < n; ++place) places.emplace_back(partitions[static_cast<size_t>(place)], place);
  std::sort(places.begin(), places.end());
  return places;
}

}  // namespace

RunningJob::RunningJob(JobId id, JobRequest request, JobSettings settings,
                       std::function<void(JobId, const std::string&)> cancel)
    : id_(id),
      request_(std::move(request)),
      settings_(std::move(settings)),
      action_(request_.site.str()),
      cancel_(std::move(cancel)),
      places_(placesOf(request_.partitions)) {}

std::shared_ptr<const events::JobDescription> RunningJob::describe() const {
  events::JobDescription job{
      .job = id_,
      .call_site = action_,
      .group = settings_.group,
      .description = settings_.description,
      .pool = settings_.pool,
      .properties = {settings_.properties.begin(), settings_.properties.end()},
      .rdd = request_.node->id(),
      .num_partitions = request_.shuffle ? request_.shuffle->numMaps() : static_cast<int>(request_.partitions.size())};
  std::sort(job.properties.begin(), job.properties.end());
  return std::make_shared<const events::JobDescription>(std::move(job));
}

size_t RunningJob::placeOf(int partition) const {
  if (places_.empty()) return static_cast<size_t>(partition);
  return static_cast<size_t>(std::lower_bound(places_.begin(), places_.end(), std::pair(partition, 0))->second);
}

void RunningJob::wait() {
  MutexLock lock(mutex_);
  while (!done_) ended_.wait(mutex_);
  if (failure_) throw JobFailed(id_.value, action_, *failure_);
}

std::exception_ptr RunningJob::failureInDriver() const {
  ExceptionText thrown = currentExceptionText();
  Failure failure;
  failure.kind = Failure::Kind::kUserException;
  failure.exception_type = std::move(thrown.type);
  failure.message = std::move(thrown.message);
  failure.call_site = action_;
  failure.host = "the driver";
  return std::make_exception_ptr(JobFailed(id_.value, action_, std::move(failure)));
}

bool RunningJob::isDone() const {
  MutexLock lock(mutex_);
  return done_;
}

void RunningJob::finish(std::optional<Failure> failure) {
  request_ = {};  // lets go of the lineage
  {
    MutexLock lock(mutex_);
    done_ = true;
    failure_ = std::move(failure);
  }
  ended_.notifyAll();
}

}  // namespace cerium
