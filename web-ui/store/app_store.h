// Cerium. Licensed under the Apache License 2.0.
// Keeps what the web pages show of one application, running or read from a log.
#pragma once

#include <array>
#include <cstdint>

#include "base/util/mutex.h"
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
    const MutexLock lock(mutex_);
    return use(static_cast<const Application&>(app_));
  }

  /// How often each part has changed.
  using Versions = std::array<uint64_t, kParts>;
  [[nodiscard]] Versions versions() const;

 private:
  void on(const eventlog::LogStart& event) CERIUM_REQUIRES(mutex_);
  void on(const eventlog::ApplicationStart& event) CERIUM_REQUIRES(mutex_);
  void on(const eventlog::ApplicationEnd& event) CERIUM_REQUIRES(mutex_);
  void on(const eventlog::EnvironmentUpdate& event) CERIUM_REQUIRES(mutex_);
  void on(const eventlog::ResourceProfileAdded& event) CERIUM_REQUIRES(mutex_);
  void on(const eventlog::JobStart& event) CERIUM_REQUIRES(mutex_);
  void on(const eventlog::JobEnd& event) CERIUM_REQUIRES(mutex_);
  void on(const eventlog::StageSubmitted& event) CERIUM_REQUIRES(mutex_);
  void on(const eventlog::StageCompleted& event) CERIUM_REQUIRES(mutex_);
  void on(const eventlog::TaskStart& event) CERIUM_REQUIRES(mutex_);
  void on(const eventlog::TaskGettingResult& event) CERIUM_REQUIRES(mutex_);
  void on(const eventlog::TaskEnd& event) CERIUM_REQUIRES(mutex_);
  void on(const eventlog::ExecutorAdded& event) CERIUM_REQUIRES(mutex_);
  void on(const eventlog::ExecutorRemoved& event) CERIUM_REQUIRES(mutex_);
  void on(const eventlog::ExecutorExcluded& event) CERIUM_REQUIRES(mutex_);
  void on(const eventlog::ExecutorLeaving& event) CERIUM_REQUIRES(mutex_);
  void on(const eventlog::BlockManagerAdded& event) CERIUM_REQUIRES(mutex_);
  void on(const eventlog::BlockManagerRemoved& event) CERIUM_REQUIRES(mutex_);
  void on(const eventlog::BlockUpdated& event) CERIUM_REQUIRES(mutex_);
  void on(const eventlog::UnpersistRdd& event) CERIUM_REQUIRES(mutex_);
  void on(const eventlog::StageExecutorMetrics& event) CERIUM_REQUIRES(mutex_);
  void on(const eventlog::ExecutorUse& event) CERIUM_REQUIRES(mutex_);
  void on(const eventlog::EventsDropped& event) CERIUM_REQUIRES(mutex_);

  void changed(Part part) CERIUM_REQUIRES(mutex_) { ++versions_[static_cast<size_t>(part)]; }
  void sawTime(Instant at) CERIUM_REQUIRES(mutex_);
  Stage& stageOf(const eventlog::StageInfoPtr& info) CERIUM_REQUIRES(mutex_);
  Stage* findStage(int64_t stage, int attempt) CERIUM_REQUIRES(mutex_);
  Executor& executorOf(const std::string& id) CERIUM_REQUIRES(mutex_);
  void addTask(Stage& stage, const eventlog::TaskInfo& info) CERIUM_REQUIRES(mutex_);
  Task* findTask(Stage& stage, int64_t task) CERIUM_REQUIRES(mutex_);
  void endJobStages(Job& job) CERIUM_REQUIRES(mutex_);
  void dropBlocks(const std::string& executor) CERIUM_REQUIRES(mutex_);
  void noteChange(ExecutorChange change) CERIUM_REQUIRES(mutex_);
  void makeRoom() CERIUM_REQUIRES(mutex_);
  void forgetTasks(Stage& stage) CERIUM_REQUIRES(mutex_);
  void forgetJobs() CERIUM_REQUIRES(mutex_);
  void forgetStages() CERIUM_REQUIRES(mutex_);

  const Options options_;
  mutable Mutex mutex_;
  Application app_ CERIUM_GUARDED_BY(mutex_);
  Versions versions_ CERIUM_GUARDED_BY(mutex_){};
  std::set<int64_t> running_jobs_ CERIUM_GUARDED_BY(mutex_);
};

}  // namespace cerium::store
