// Cerium. Licensed under the Apache License 2.0.
// The reader of events that keeps what programs ask for (StatusTracker) and what the progress line shows.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <vector>

#include "base/util/mutex.h"
#include "driver/events/event_queue.h"
#include "driver/listener.h"

namespace cerium {

/// Bounded: of the jobs and stages that have ended, the last kKept are known; one that is under way is known however
/// many came after it. Threads: public methods from any thread.
class StatusStore final : public EventReader {
 public:
  static constexpr size_t kKept = 1000;  ///< Programs run for days.

  void read(const events::Event& event) override;

  [[nodiscard]] std::vector<JobInfo> jobs() const;
  [[nodiscard]] std::vector<StageInfo> stages() const;
  [[nodiscard]] std::vector<ExecutorInfo> executors() const;
  /// All stages that ended, added up.
  [[nodiscard]] StageInfo totals() const;

 private:
  void on(const events::JobStarted& event) CERIUM_REQUIRES(mutex_);
  void on(const events::JobEnded& event) CERIUM_REQUIRES(mutex_);
  void on(const events::StageSubmitted& event) CERIUM_REQUIRES(mutex_);
  void on(const events::StageProgressed& event) CERIUM_REQUIRES(mutex_);
  void on(const events::StageCompleted& event) CERIUM_REQUIRES(mutex_);
  void on(const events::ExecutorAdded& event) CERIUM_REQUIRES(mutex_);
  void on(const events::ExecutorRemoved& event) CERIUM_REQUIRES(mutex_);
  template <class Event>
  void on(const Event&) CERIUM_REQUIRES(mutex_) {}  // of the rest nothing is kept

  mutable Mutex mutex_;
  std::map<int64_t, JobInfo> jobs_ CERIUM_GUARDED_BY(mutex_);
  std::map<int64_t, StageInfo> stages_ CERIUM_GUARDED_BY(mutex_);
  std::deque<int64_t> ended_jobs_ CERIUM_GUARDED_BY(mutex_);    // those of jobs_, in the order of their ends
  std::deque<int64_t> ended_stages_ CERIUM_GUARDED_BY(mutex_);  // likewise
  std::map<int64_t, ExecutorInfo> executors_ CERIUM_GUARDED_BY(mutex_);
  events::StageFigures totals_ CERIUM_GUARDED_BY(mutex_);
};

}  // namespace cerium
