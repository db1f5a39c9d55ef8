// Cerium. Licensed under the Apache License 2.0.
// Keeps what the web pages show of one application, running or read from a log.
#pragma once

#include <array>
#include <cstdint>
#include <mutex>

#include "web-ui/eventlog/log_events.h"
#include "web-ui/store/model.h"

namespace cerium::store {

/// The parts of an application that pages watch.
enum class Part { kApplication, kJobs, kStages, kTasks, kExecutors, kStorage, kEnvironment };
inline constexpr size_t kParts = 7;

/// Bounded: the oldest jobs, stages and tasks that ended make room for new ones; what is forgotten is counted. Sums of
/// stages and jobs stay exact. Threads: public methods from any thread.
class AppStore {
 public:
  struct Options {
    size_t max_tasks = 800'000;  ///< Of about 300 bytes each.
    size_t max_jobs = 10'000;
    size_t max_stages = 10'000;
  };
  AppStore() : AppStore(Options()) {}
  explicit AppStore(Options options) : options_(options) {}

  void read(const eventlog::LogEvent& event);

  /// Calls `use` with the application as it is now; nothing changes meanwhile, so `use` should be short.
  template <class Use>
  auto with(Use&& use) const {
    const std::lock_guard lock(mutex_);
    return use(static_cast<const Application&>(app_));
  }

  /// How often each part has changed.
  using Versions = std::array<uint64_t, kParts>;
  [[nodiscard]] Versions versions() const;

 private:
  // With mutex_ held.
  void on(const eventlog::LogStart& event);
  void on(const eventlog::ApplicationStart& event);
  void on(const eventlog::ApplicationEnd& event);
  void on(const eventlog::EnvironmentUpdate& event);
  void on(const eventlog::ResourceProfileAdded& event);
  void on(const eventlog::JobStart& event);
  void on(const eventlog::JobEnd& event);
  void on(const eventlog::StageSubmitted& event);
  void on(const eventlog::StageCompleted& event);
  void on(const eventlog::TaskStart& event);
  void on(const eventlog::TaskGettingResult& event);
  void on(const eventlog::TaskEnd& event);
  void on(const eventlog::ExecutorAdded& event);
  void on(const eventlog::ExecutorRemoved& event);
  void on(const eventlog::ExecutorExcluded& event);
  void on(const eventlog::ExecutorLeaving& event);
  void on(const eventlog::BlockManagerAdded& event);
  void on(const eventlog::BlockManagerRemoved& event);
  void on(const eventlog::BlockUpdated& event);
  void on(const eventlog::UnpersistRdd& event);
  void on(const eventlog::StageExecutorMetrics& event);
  void on(const eventlog::ExecutorUse& event);
  void on(const eventlog::EventsDropped& event);

  void changed(Part part) { ++versions_[static_cast<size_t>(part)]; }
  void sawTime(Instant at);
  Stage& stageOf(const eventlog::StageInfoPtr& info);
  Stage* findStage(int64_t stage, int attempt);
  Executor& executorOf(const std::string& id);
  void addTask(Stage& stage, const eventlog::TaskInfo& info);
  Task* findTask(Stage& stage, int64_t task);
  void endJobStages(Job& job);
  void dropBlocks(const std::string& executor);
  void noteChange(ExecutorChange change);
  void makeRoom();
  void forgetTasks(Stage& stage);
  void forgetJobs();
  void forgetStages();

  const Options options_;
  mutable std::mutex mutex_;
  Application app_;                 // guarded by mutex_
  Versions versions_{};             // guarded by mutex_
  std::set<int64_t> running_jobs_;  // guarded by mutex_
};

}  // namespace cerium::store
