// Cerium. Licensed under the Apache License 2.0.
// What stands behind a Context: settings, backend, scheduler loop, and the services that RDD handles ask for.
// Handles share it, so that one that outlives its Context fails cleanly instead of dangling.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <unordered_map>

#include "base/config/config.h"
#include "base/util/mutex.h"
#include "driver/app/console_progress.h"
#include "driver/app/sigint_handler.h"
#include "driver/app/web_ui.h"
#include "driver/backend/cluster_backend.h"
#include "driver/backend/scheduler_loop.h"
#include "driver/events/event_bus.h"
#include "driver/events/listeners.h"
#include "driver/events/status_store.h"
#include "rdd/broadcast.h"
#include "rdd/job_runner.h"

namespace cerium {

/// Threads: all methods from any thread. Life: start() -> stop().
class Engine final : public JobRunner, public BroadcastOwner, public std::enable_shared_from_this<Engine> {
 public:
  Engine(Context& context, Conf conf);
  ~Engine() override;
  void start();
  void stop();
  [[nodiscard]] bool stopped() const { return stopped_; }

  [[nodiscard]] const Conf& conf() const { return conf_; }
  [[nodiscard]] SchedulerLoop& loop() { return *loop_; }
  [[nodiscard]] EventBus& bus() { return bus_; }
  /// What has happened until now. Not on the thread that fills it.
  [[nodiscard]] const StatusStore& status();
  void addListener(std::shared_ptr<Listener> listener);
  [[nodiscard]] const std::string& applicationId() const { return application_id_; }
  /// Empty where the application has no web pages.
  [[nodiscard]] std::string webUrl() const { return web_ui_ ? web_ui_->url() : std::string(); }
  [[nodiscard]] ContextId contextId() const override { return context_id_; }
  [[nodiscard]] const ClusterBackend& backend() const { return *backend_; }

  /// Settings of the calling thread's jobs.
  [[nodiscard]] JobSettings& threadSettings();
  BroadcastId addBroadcast(std::shared_ptr<const void> value, std::function<Bytes()> encode);
  AccumulatorId addAccumulator(std::shared_ptr<const AccumulatorFactory> factory, const std::string& name);
  void setCheckpointDir(const std::string& path);
  void addFile(const std::string& path);

  // JobRunner
  std::shared_ptr<JobHandle> submit(JobRequest job) override;
  RddId nextRddId() override { return RddId(next_rdd_++); }
  std::shared_ptr<ShuffleDependency> newShuffle(NodePtr parent, int num_reduces,
                                                std::shared_ptr<const TaskBody> map_side) override;
  [[nodiscard]] int defaultParallelism() const override;
  [[nodiscard]] int shuffleParallelism(int largest_parent) const override;
  [[nodiscard]] TakeSteps takeSteps() const override;
  Context& context() override { return context_; }
  void persist(RddNode& node, StorageLevel level) override;
  void unpersist(const RddNode& node, bool blocking) override;
  void whenFirstComputed(const NodePtr& node, std::function<void()> action) override;
  [[nodiscard]] std::string checkpointDir() const override;

  // BroadcastOwner
  void unpersistBroadcast(BroadcastId id) override;
  void destroyBroadcast(BroadcastId id) override;

 private:
  class JobWithActions;
  void tellStarted();
  void checkRuns(const char* what) const;
  std::vector<std::function<void()>> takeActions(const RddNode& final_node);

  Context& context_;
  const Conf conf_;
  const ContextId context_id_;
  const std::string application_id_;
  EventBus bus_;
  const std::shared_ptr<StatusStore> status_ = std::make_shared<StatusStore>();
  const std::shared_ptr<EventQueue> status_queue_;
  std::unique_ptr<ClusterBackend> backend_;
  std::unique_ptr<SchedulerLoop> loop_;
  std::unique_ptr<SigintHandler> interrupts_;
  std::unique_ptr<ConsoleProgress> progress_;
  std::shared_ptr<WebUi> web_ui_;  // null if the settings want none
  std::atomic<int64_t> next_rdd_{0};
  std::atomic<int64_t> next_job_{0};
  std::atomic<bool> stopped_{false};
  const bool check_captures_;

  mutable Mutex mutex_;
  std::string checkpoint_dir_ CERIUM_GUARDED_BY(mutex_);
  std::unordered_map<const RddNode*, std::function<void()>> actions_
      CERIUM_GUARDED_BY(mutex_);  // by node, until computed
  std::set<BroadcastId> broadcasts_ CERIUM_GUARDED_BY(mutex_);
  std::shared_ptr<Listeners> listeners_ CERIUM_GUARDED_BY(mutex_);  // null where there are none
};

/// The backend that a master URL names.
std::unique_ptr<ClusterBackend> makeBackend(const Conf& conf, const std::string& application_id, ContextId context);

}  // namespace cerium
