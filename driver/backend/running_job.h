// Cerium. Licensed under the Apache License 2.0.
// A job from its submission to its end: what its caller waits for and the scheduler loop fills.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/events/events.h"
#include "base/util/millis.h"
#include "base/util/mutex.h"
#include "driver/scheduler/failure.h"
#include "rdd/job_runner.h"

namespace cerium {

/// What a job carries besides the request: the settings of the thread that called the action.
struct JobSettings {
  std::string pool;
  std::string group;
  std::string description;
  std::unordered_map<std::string, std::string> properties;
};

/// A job as its caller holds it.
class RunningJob final : public JobHandle {
 public:
  RunningJob(JobId id, JobRequest request, JobSettings settings, std::function<void(JobId, const std::string&)> cancel);

  [[nodiscard]] JobId id() const override { return id_; }
  void wait() override;
  [[nodiscard]] bool isDone() const override;
  void cancel(const std::string& reason) override { cancel_(id_, reason); }
  [[nodiscard]] std::exception_ptr failureInDriver() const override;

 private:
  friend class SchedulerLoop;
  void finish(std::optional<Failure> failure);
  /// As events tell of it.
  [[nodiscard]] std::shared_ptr<const events::JobDescription> describe() const;
  /// Where the partition stands in the request; used by the loop only.
  [[nodiscard]] size_t placeOf(int partition) const;

  const JobId id_;
  JobRequest request_;  // used by the loop only
  const JobSettings settings_;
  const std::string action_;
  const std::function<void(JobId, const std::string&)> cancel_;
  std::vector<std::pair<int, int>> places_;  // (partition, place) in order; none where both are the same for all
  mutable Mutex mutex_;
  mutable CondVar ended_;
  bool done_ CERIUM_GUARDED_BY(mutex_) = false;
  std::optional<Failure> failure_ CERIUM_GUARDED_BY(mutex_);
};

}  // namespace cerium
