// Cerium. Licensed under the Apache License 2.0.
// Carries job events from the scheduler to listeners on a thread of its own, and keeps the figures that programs ask
// for.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "base/util/exception_text.h"
#include "driver/listener.h"

namespace cerium {

/// Threads: public methods from any thread. The store is bounded: of the jobs and stages that have ended, the last
/// kKept are known; one that is under way is known however many came after it.
class EventBus {
 public:
  static constexpr size_t kKept = 1000;  ///< Programs run for days.

  EventBus();
  ~EventBus();

  void add(std::shared_ptr<Listener> listener);
  /// Delivers what is queued, then ends the thread. Idempotent.
  void stop();
  /// Blocks until everything posted before was delivered.
  void flush();

  void jobStarted(const JobInfo& job);
  void jobEnded(int64_t job, const std::string& status);
  void stageSubmitted(const StageInfo& stage);
  void stageCompleted(const StageInfo& stage);
  void stageProgressed(const StageInfo& stage);
  void taskStarted(const TaskInfo& task);
  void taskEnded(const TaskInfo& task);
  void executorAdded(const ExecutorInfo& executor);
  void executorRemoved(const ExecutorInfo& executor);

  [[nodiscard]] std::vector<JobInfo> jobs() const;
  [[nodiscard]] std::vector<StageInfo> stages() const;
  [[nodiscard]] std::vector<ExecutorInfo> executors() const;
  /// All stages since the start added up.
  [[nodiscard]] StageInfo totals() const;

 private:
  template <class Event>
  void publish(void (Listener::*call)(const Event&), const Event& event);
  void run();
  void noteThrown(const ExceptionText& thrown);

  mutable std::mutex mutex_;
  std::condition_variable wake_;
  std::condition_variable idle_;
  std::vector<std::shared_ptr<Listener>> listeners_;  // guarded by mutex_
  std::deque<std::function<void(Listener&)>> queue_;  // guarded by mutex_
  bool delivering_ = false;                           // guarded by mutex_
  bool stopping_ = false;                             // guarded by mutex_
  std::map<int64_t, JobInfo> jobs_;                   // guarded by mutex_
  std::map<int64_t, StageInfo> stages_;               // guarded by mutex_
  std::deque<int64_t> ended_jobs_;                    // guarded by mutex_; those of jobs_, in the order of their ends
  std::deque<int64_t> ended_stages_;                  // guarded by mutex_; likewise
  std::map<int64_t, ExecutorInfo> executors_;         // guarded by mutex_
  StageInfo totals_;                                  // guarded by mutex_
  uint64_t thrown_ = 0;                               // by listeners; used by the thread only
  std::thread thread_;
};

/// Adds the figures of one to the other.
void addFigures(StageInfo& to, const StageInfo& from);

}  // namespace cerium
