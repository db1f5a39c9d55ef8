// Cerium. Licensed under the Apache License 2.0.
#include "driver/local_backend.h"

#include "base/util/exception_text.h"
#include "driver/added_files.h"
#include "driver/barrier_board.h"

namespace cerium {
namespace {

const ExecutorId kSelf(0);

class LocalBackend final : public ClusterBackend, public ExecutorLink {
 public:
  explicit LocalBackend(LocalOptions options) : options_(std::move(options)) {}
  ~LocalBackend() override { stop(); }

  void start(BackendEvents& events) override {
    events_ = &events;
    executor_ = std::make_unique<Executor>(
        ExecutorOptions{kSelf, options_.threads, options_.memory_bytes, options_.local_dirs, options_.context}, *this);
    events.executorAdded(kSelf, "localhost", options_.threads);
  }
  void stop() override {
    barriers_.close();
    if (executor_) executor_->stop();
  }

  void launch(ExecutorId, std::vector<TaskLaunch> tasks, const DagScheduler&) override {
    executor_->launch(std::move(tasks));
  }
  void kill(ExecutorId, TaskId task, const std::string&) override { executor_->kill(task); }
  void endExecutor(ExecutorId, const std::string&) override {}
  void dropStage(StageId) override {}
  void dropShuffle(ShuffleId shuffle) override { executor_->dropShuffle(shuffle); }
  void dropRdd(RddId rdd) override { executor_->dropRdd(rdd); }
  void dropBroadcast(BroadcastId) override {}
  void addBroadcast(BroadcastId, std::function<Bytes()>) override {}
  void removeBroadcast(BroadcastId) override {}
  void tick(Millis) override {}
  [[nodiscard]] bool isLocal() const override { return true; }
  [[nodiscard]] int localFailures() const override { return options_.max_failures; }
  [[nodiscard]] int defaultParallelism() const override { return options_.threads; }

  // ExecutorLink
  void taskEnded(TaskReport report) override {
    TaskEndEvent event;
    event.executor = kSelf;
    event.report = std::move(report);
    if (options_.measures_results && event.report.value) measure(event);
    events_->taskEnded(std::move(event));
  }
  void blockChanged(const BlockChange& change) override { events_->blockChanged(kSelf, change); }
  std::unique_ptr<SegmentSource> openRemoteShuffle(TaskContext&, const ShuffleDependency&, int,
                                                   const ShuffleStore&) override {
    return nullptr;
  }
  std::optional<CachedBlock> fetchCached(RddId, int) override { return std::nullopt; }
  std::vector<std::string> barrier(TaskContext& task, const std::string& message) override {
    return barriers_.enter({task.stageId(), task.stageAttemptNumber()}, task.numPartitions(), message, task,
                           options_.barrier_ms);
  }
  std::string addedFile(const std::string& name) override { return pathOfAddedFile(name, options_.context); }

 private:
  static void measure(TaskEndEvent& event) {
    TaskReport& report = event.report;
    const auto thrown =
        guarded([&] { event.result_bytes = report.stage->body->encodedResultBytes(report.value.get()); });
    if (thrown) resultNotEncoded(report, *thrown);
  }

  const LocalOptions options_;
  BackendEvents* events_ = nullptr;
  BarrierBoard barriers_;
  std::unique_ptr<Executor> executor_;
};

}  // namespace

std::unique_ptr<ClusterBackend> makeLocalBackend(LocalOptions options) {
  return std::make_unique<LocalBackend>(std::move(options));
}

}  // namespace cerium
