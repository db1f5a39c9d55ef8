// Cerium. Licensed under the Apache License 2.0.
#include "driver/provider/local_cluster_provider.h"

#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include <map>
#include <set>
#include <thread>
#include <vector>

#include "base/rpc/secrets.h"
#include "base/util/error.h"
#include "base/util/mutex.h"
#include "base/util/oom_witness.h"
#include "driver/provider/log_folder.h"

namespace cerium {
namespace {

constexpr int64_t kStartLimitMs = 30'000;
constexpr size_t kLogEndBytes = 2000;

class LocalClusterProvider final : public ExecutorProvider {
 public:
  explicit LocalClusterProvider(LocalClusterOptions options)
      : options_(std::move(options)),
        secret_(rpc::newSecret()),
        logs_(options_.log_dir, options_.application),
        wanted_(options_.executors) {}
  ~LocalClusterProvider() override { stop(); }

  [[nodiscard]] rpc::Endpoint listenAt() const override { return {"127.0.0.1", 0}; }
  [[nodiscard]] std::string secret() const override { return secret_; }
  [[nodiscard]] int cores() const override { return options_.executors * options_.cores; }
  [[nodiscard]] std::string logDir() const override { return logs_.path(); }

  void start(const rpc::Endpoint& driver, rpc::Transport&, ProviderEvents& events) override {
    events_ = &events;
    driver_ = driver;
    MutexLock lock(mutex_);
    startMissing();
  }

  /// The backend has told them to end: waits a moment, then kills what is left.
  void stop() override {
    {
      MutexLock lock(mutex_);
      if (std::exchange(stopped_, true)) return;
    }
    for (int round = 0; round < 200 && anyAlive(); ++round) std::this_thread::sleep_for(std::chrono::milliseconds(5));
    // Destroyed without the mutex: their destructors wait for the watchers, which may wait for the mutex.
    std::map<ExecutorId, std::unique_ptr<ExecutorProcessHandle>> left;
    std::vector<std::unique_ptr<ExecutorProcessHandle>> ended;
    {
      MutexLock lock(mutex_);
      left.swap(running_);
      ended.swap(ended_);
    }
    for (auto& [id, process] : left) process->kill();
  }

  void kill(ExecutorId id, const std::string& reason) override {
    MutexLock lock(mutex_);
    auto found = running_.find(id);
    if (found == running_.end()) return;
    reasons_.emplace(id, reason);
    found->second->kill();
  }
  void retired(ExecutorId id) override {
    MutexLock lock(mutex_);
    if (running_.contains(id)) retired_.insert(id);
  }
  void want(int executors) override {
    MutexLock lock(mutex_);
    wanted_ = executors < 0 ? options_.executors : std::min(executors, options_.executors);
    startMissing();
  }
  /// Frees what the watchers of ended processes used; not on the watchers' own threads.
  void tick(int64_t) override {
    std::vector<std::unique_ptr<ExecutorProcessHandle>> ended;
    MutexLock lock(mutex_);
    ended.swap(ended_);
  }

 private:
  bool anyAlive() {
    MutexLock lock(mutex_);
    for (const auto& [id, process] : running_) {
      if (::kill(process->pid(), 0) == 0) return true;
    }
    return false;
  }

  void startMissing() CERIUM_REQUIRES(mutex_) {
    while (!stopped_ && static_cast<int>(running_.size() - retired_.size()) < wanted_ && startOne()) {
    }
  }

  bool startOne() CERIUM_REQUIRES(mutex_) {
    const ExecutorId id(next_id_++);
    const std::string log = fmt::format("{}/executor-{}.log", logs_.path(), id.value);
    events_->executorStarting(id, log, kStartLimitMs);
    try {
      running_[id] = std::make_unique<ExecutorProcessHandle>(
          LaunchOrder{id, driver_.str(), secret_, options_.cores, log},
          [this, id, log](const ProcessEnd& end) { processEnded(id, log, end); });
      OomWitness::offer(running_[id]->pid());
      return true;
    } catch (const IoError& e) {
      running_.erase(id);
      events_->providerFailed(e.what());
      return false;
    }
  }

  /// On the watcher's thread.
  void processEnded(ExecutorId id, const std::string& log, const ProcessEnd& process) {
    ExecutorEnd end{true, process, {}, lastLines(log, kLogEndBytes)};
    MutexLock lock(mutex_);
    if (stopped_) return;
    if (auto reason = reasons_.extract(id)) {
      end.reason = std::move(reason.mapped());
    } else if (process.signal == SIGKILL) {
      end.reason = oom_witness_.whyKilled();
    }
    events_->executorEnded(id, std::move(end));
    retired_.erase(id);
    if (auto handle = running_.extract(id)) ended_.push_back(std::move(handle.mapped()));
    startMissing();
  }

  const LocalClusterOptions options_;
  const std::string secret_;
  const LogFolder logs_;
  ProviderEvents* events_ = nullptr;
  rpc::Endpoint driver_;

  Mutex mutex_;
  std::map<ExecutorId, std::unique_ptr<ExecutorProcessHandle>> running_ CERIUM_GUARDED_BY(mutex_);
  std::vector<std::unique_ptr<ExecutorProcessHandle>> ended_ CERIUM_GUARDED_BY(mutex_);
  std::map<ExecutorId, std::string> reasons_ CERIUM_GUARDED_BY(mutex_);  // why we killed it
  std::set<ExecutorId> retired_ CERIUM_GUARDED_BY(mutex_);               // some of running_
  int wanted_ CERIUM_GUARDED_BY(mutex_);
  int64_t next_id_ CERIUM_GUARDED_BY(mutex_) = 0;
  bool stopped_ CERIUM_GUARDED_BY(mutex_) = false;
  OomWitness oom_witness_ CERIUM_GUARDED_BY(mutex_);
};

}  // namespace

std::unique_ptr<ExecutorProvider> makeLocalClusterProvider(LocalClusterOptions options) {
  return std::make_unique<LocalClusterProvider>(std::move(options));
}

}  // namespace cerium
