// Cerium. Licensed under the Apache License 2.0.
#include "driver/backend/local_backend.h"

#include "base/util/exception_text.h"
#include "base/util/mutex.h"
#include "driver/backend/added_files.h"
#include "driver/scheduler/barrier_coordinator.h"
#include "executor/executor.h"

namespace cerium {
namespace {

const ExecutorId kSelf(0);
constexpr Millis kTellUse = 1'000;  // as often as an executor's heartbeat

/// What the tasks' threads use of the driver. One that is given up may outlive the Context: this stays, and answers
/// without it. Threads: thread-safe.
class LocalLink final : public ExecutorLink {
 public:
  LocalLink(const LocalOptions& options, BackendEvents& events)
      : context_(options.context),
        barrier_ms_(options.barrier_ms),
        measures_results_(options.measures_results),
        events_(&events) {}

  void closeBarriers() { barriers_.close(); }
  /// After it nothing is told any more.
  void cut() {
    MutexLock lock(mutex_);
    events_ = nullptr;
  }

  void measureResult(TaskReport& report) override {
    if (!measures_results_ || !report.value) return;
    const auto thrown = guarded([&] {
      report.metrics.result_bytes = static_cast<int64_t>(report.stage->body->encodedResultBytes(report.value.get()));
    });
    if (thrown) resultNotEncoded(report, *thrown);
  }
  void taskEnded(TaskReport report) override {
    MutexLock lock(mutex_);
    if (events_ != nullptr) events_->taskEnded(kSelf, {std::move(report), {}, {}});
  }
  void blockChanged(const BlockChange& change) override { tell(in::BlockChanged{kSelf, change}); }
  void tell(in::Event event) {
    MutexLock lock(mutex_);
    if (events_ != nullptr) events_->happened(std::move(event));
  }
  std::optional<CachedBlock> fetchCached(RddId, int) override { return std::nullopt; }
  std::vector<std::string> barrier(TaskContext& task, const std::string& message) override {
    return barriers_.enter({task.stageId(), task.stageAttemptNumber()}, task.numPartitions(), message, task,
                           barrier_ms_);
  }
  std::string addedFile(const std::string& name) override { return pathOfAddedFile(name, context_); }

 private:
  const ContextId context_;
  const int64_t barrier_ms_;
  const bool measures_results_;
  BarrierCoordinator barriers_;
  Mutex mutex_;
  BackendEvents* events_ CERIUM_GUARDED_BY(mutex_);
};

class LocalBackend final : public ClusterBackend {
 public:
  explicit LocalBackend(LocalOptions options) : options_(std::move(options)) {}
  ~LocalBackend() override { stop(); }

  void start(BackendEvents& events) override {
    ExecutorOptions options;
    options.id = kSelf;
    options.cores = options_.threads;
    options.memory_bytes = options_.memory_bytes;
    options.local_dirs = options_.local_dirs;
    options.context = options_.context;
    options.kill_timeout = options_.kill_timeout;
    link_ = std::make_shared<LocalLink>(options_, events);
    executor_ = std::make_shared<Executor>(std::move(options), link_);
    events.happened(in::ExecutorAdded{
        .executor = kSelf, .host = "localhost", .cores = options_.threads, .memory_bytes = options_.memory_bytes});
  }
  void stop() override {
    if (link_) link_->closeBarriers();
    if (executor_) executor_->stop();
    if (link_) link_->cut();
  }

  using ClusterBackend::carryOut;

  void launch(const out::Launch&, std::vector<TaskLaunch> tasks) override { executor_->launch(std::move(tasks)); }
  void carryOut(const out::KillTask& kill) override { executor_->kill(kill.task); }
  void carryOut(const out::DropShuffle& drop) override { executor_->dropShuffle(drop.shuffle); }
  void carryOut(const out::DropRdd& drop) override { executor_->dropRdd(drop.rdd); }
  void tick(Millis now) override {
    if (now - told_use_ < kTellUse) return;
    told_use_ = now;
    link_->tell(in::ExecutorUses{
        .executor = kSelf, .memory = executor_->memory().used(), .disk = executor_->spillSpace()->bytesInUse()});
  }
  [[nodiscard]] bool isLocal() const override { return true; }
  [[nodiscard]] int localFailures() const override { return options_.max_failures; }
  [[nodiscard]] int defaultParallelism() const override { return options_.threads; }

 private:
  const LocalOptions options_;
  std::shared_ptr<LocalLink> link_;
  std::shared_ptr<Executor> executor_;
  Millis told_use_ = 0;  ///< Used by the loop only.
};

}  // namespace

std::unique_ptr<ClusterBackend> makeLocalBackend(LocalOptions options) {
  return std::make_unique<LocalBackend>(std::move(options));
}

}  // namespace cerium
