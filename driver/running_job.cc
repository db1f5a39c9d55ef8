// Cerium. Licensed under the Apache License 2.0.
#include "driver/running_job.h"

#include <utility>

#include "base/util/exception_text.h"
#include "driver/job_failed.h"

namespace cerium {

RunningJob::RunningJob(JobId id, JobRequest request, JobSettings settings,
                       std::function<void(JobId, const std::string&)> cancel)
    : id_(id),
      request_(std::move(request)),
      settings_(std::move(settings)),
      action_(request_.site.str()),
      cancel_(std::move(cancel)),
      measured_(request_.partitions.size()) {
  for (size_t i = 0; i < request_.partitions.size(); ++i) index_.emplace(request_.partitions[i], i);
}

void RunningJob::wait() {
  std::unique_lock lock(mutex_);
  ended_.wait(lock, [this] { return done_; });
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
  std::lock_guard lock(mutex_);
  return done_;
}

void RunningJob::finish(std::optional<Failure> failure) {
  request_ = {};  // lets go of the lineage
  {
    std::lock_guard lock(mutex_);
    done_ = true;
    failure_ = std::move(failure);
  }
  ended_.notify_all();
}

}  // namespace cerium
