// Cerium. Licensed under the Apache License 2.0.
#include "driver/provider/standalone_provider.h"

#include <fmt/format.h>
#include <pwd.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <climits>
#include <cstdlib>
#include <thread>

#include "base/protocol/executor_environment.h"
#include "base/rpc/local_address.h"
#include "base/util/error.h"
#include "base/util/log.h"
#include "base/util/mutex.h"
#include "driver/provider/file_server.h"
#include "driver/provider/manager_connection.h"

namespace cerium {
namespace {

constexpr auto kManagerLimit = std::chrono::seconds(20);  // for a cluster that is just being started
constexpr auto kSayAfter = std::chrono::seconds(1);
constexpr auto kFirstGrant = std::chrono::seconds(1);
/// A manager that is restarted, or its standby, is there within a second or two, and is looked for every one. A program
/// whose work is done waits no longer: all that is lost is how its application is said to have ended.
constexpr auto kGoodbye = std::chrono::milliseconds(3'500);
constexpr auto kLook = std::chrono::milliseconds(50);
constexpr int64_t kStartLimitMs = 120'000;  // a worker may have to fetch the program first

using Clock = std::chrono::steady_clock;

std::string userName() {
  const passwd* entry = ::getpwuid(::getuid());
  return entry != nullptr ? entry->pw_name : std::to_string(::getuid());
}

std::string ownProgram() {
  char path[PATH_MAX];
  const ssize_t n = ::readlink("/proc/self/exe", path, sizeof path - 1);
  if (n < 0) throw IoError("cannot read /proc/self/exe, this program's own file");
  return {path, static_cast<size_t>(n)};
}

/// A manager on loopback makes the secret itself, so there may be none before it runs.
std::string clusterSecret(const StandaloneOptions& options) {
  bool is_said = false;
  for (const auto since = Clock::now();;) {
    try {
      return rpc::findClusterSecret(options.secret, options.managers).value;
    } catch (const IoError& e) {
      if (Clock::now() - since > kManagerLimit) throw;
      if (!is_said && Clock::now() - since > kSayAfter) {
        is_said = true;
        log::warn("waits up to {} s for a manager to make its secret: {}", kManagerLimit.count(), e.what());
      }
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
  }
}

class StandaloneProvider final : public ExecutorProvider {
 public:
  explicit StandaloneProvider(StandaloneOptions options)
      : options_(std::move(options)),
        cluster_secret_(clusterSecret(options_)),
        host_(rpc::ownAddress(options_.host, options_.managers)),
        wanted_(options_.executors),
        program_({ownProgram()}) {}
  ~StandaloneProvider() override { stop(); }

  [[nodiscard]] rpc::Endpoint listenAt() const override { return {host_, options_.port}; }
  [[nodiscard]] std::string secret() const override {
    return rpc::deriveSecret(cluster_secret_, "application " + options_.application);
  }

  void start(const rpc::Endpoint& driver, rpc::Transport& transport, ProviderEvents& events) override {
    events_ = &events;
    driver_ = driver;
    programs_ = transport.listen({driver.host, 0}, [this](const rpc::ConnectionPtr&) { return program_.handlers(); });
    connection_ = std::make_unique<ManagerConnection>(
        ManagerConnection::Options{options_.managers, cluster_secret_}, [this] { return greeting(); },
        [this](const protocol::ClusterMessage& message) {
          std::visit([this](const auto& each) { on(each); }, message);
        });
    waitForManager();
  }

  void stop() override {
    if (!connection_) return;
    sayGoodbye();
    connection_.reset();
  }

  void kill(ExecutorId id, const std::string& reason) override {
    {
      MutexLock lock(mutex_);
      executors_.erase(id);
    }
    if (connection_) connection_->send(protocol::ReleaseExecutor{id.value, reason});
  }
  void retired(ExecutorId id) override {
    {
      MutexLock lock(mutex_);
      auto found = executors_.find(id);
      if (found != executors_.end()) found->second = 0;
    }
    if (connection_) connection_->send(protocol::RetireExecutor{id.value});
  }
  void want(int executors) override {
    {
      MutexLock lock(mutex_);
      wanted_ = executors;
    }
    if (connection_) connection_->send(protocol::WantExecutors{executors});
  }
  void tick(int64_t) override {}

  [[nodiscard]] int cores() const override {
    MutexLock lock(mutex_);
    int cores = 0;
    for (const auto& [id, n] : executors_) cores += n;
    return cores;
  }

 private:
  /// What a manager has to know of this application, at first and after it was restarted.
  protocol::ClusterMessage greeting() {
    protocol::RegisterApplication me;
    me.application = options_.application;
    me.name = options_.name;
    me.user = userName();
    me.driver_host = driver_.host;
    me.driver_port = driver_.port;
    auto arguments = ownArguments();
    if (!arguments.empty()) arguments.erase(arguments.begin());  // the program's name
    me.program = {program_.describe(programs_).front(), std::move(arguments)};
    me.executor_environment = options_.executor_environment;
    me.cores_max = options_.cores_max;
    me.executor_cores = options_.executor_cores;
    me.executor_memory = options_.executor_memory;
    if (const char* driver = std::getenv(DriverEnvironment::kId)) me.driver = driver;
    MutexLock lock(mutex_);
    heard_ = false;
    me.executors_wanted = wanted_;
    me.next_executor = next_executor_;
    for (const auto& [id, cores] : executors_) {
      me.executors.push_back(id.value);
      if (cores == 0) me.retired.push_back(id.value);
    }
    return me;
  }

  /// Whether a manager has taken or refused the application.
  [[nodiscard]] bool isDecided() const CERIUM_REQUIRES(mutex_) { return accepted_ || !refused_.empty(); }

  void waitForManager() {
    MutexLock lock(mutex_);
    const auto limit = Clock::now() + kManagerLimit;
    const auto said_at = Clock::now() + kSayAfter;
    bool is_said = false;
    while (!isDecided() && Clock::now() < limit && !connection_->hasWrongSecret()) {
      changed_.waitFor(mutex_, kLook);
      if (is_said || isDecided() || Clock::now() < said_at) continue;
      is_said = true;
      log::warn("waits up to {} s for a manager: {}", kManagerLimit.count(), connection_->lastError());
    }
    if (!refused_.empty()) throw IoError("the manager refuses the application: " + refused_);
    if (!accepted_) {
      std::string all;
      for (const auto& manager : options_.managers) all += (all.empty() ? "" : ", ") + manager.str();
      throw IoError(fmt::format("no manager at {} takes the application{}; the last answer: {}", all,
                                connection_->hasWrongSecret() ? "" : fmt::format(" within {} s", kManagerLimit.count()),
                                connection_->lastError()));
    }
    // The first executors are granted at once where there is room; their cores are what parallelism defaults to.
    const auto patience = Clock::now() + kFirstGrant;
    while (!placed_ && changed_.waitUntil(mutex_, patience)) {
    }
  }

  /// Nothing, where no manager ever took the application.
  void sayGoodbye() {
    MutexLock lock(mutex_);
    const auto limit = Clock::now() + kGoodbye;
    bool is_sent = false;
    while (accepted_ && Clock::now() < limit) {
      // A standby would not listen. What is sent to a manager that has just died is lost, so that the message is sent
      // again a moment later, to the one that is there then.
      const bool reaches = heard_ && connection_->send(protocol::EndApplication{false, ""});
      if (reaches && is_sent) return;
      is_sent = reaches;
      changed_.waitFor(mutex_, kLook);
    }
  }

  // ---- messages of the manager

  template <class T>
  void on(const T&) {
    throw CorruptData("the manager sent a message that is not for drivers");
  }
  void on(const protocol::ApplicationAccepted&) {
    MutexLock lock(mutex_);
    accepted_ = heard_ = true;
    changed_.notifyAll();
  }
  void on(const protocol::Refused& refused) {
    if (refused.standby) throw Error(refused.reason);  // another address is tried
    MutexLock lock(mutex_);
    refused_ = refused.reason;
    changed_.notifyAll();
    if (accepted_) events_->providerFailed("the manager refuses the application: " + refused.reason);
  }
  void on(const protocol::ExecutorGranted& granted) {
    log::info("executor {} starts on {} with {} cores", granted.executor, granted.host, granted.cores);
    events_->executorStarting(ExecutorId(granted.executor), "", kStartLimitMs);
    MutexLock lock(mutex_);
    executors_[ExecutorId(granted.executor)] = granted.cores;
    next_executor_ = std::max(next_executor_, granted.executor + 1);
    changed_.notifyAll();
  }
  void on(const protocol::ExecutorRunning& running) {
    events_->executorLogIs(ExecutorId(running.executor), running.log);
  }
  void on(const protocol::ExecutorGone& gone) {
    ExecutorEnd end;
    end.seen = !gone.worker_lost;
    end.process.signal = gone.how.signal;
    end.process.exit_status = gone.how.exit_status;
    end.process.crashed = readCrashRecord(gone.how.crash_record, end.process.record);
    end.reason = gone.how.reason;
    end.log_end = gone.how.log_end;
    {
      MutexLock lock(mutex_);
      executors_.erase(ExecutorId(gone.executor));
    }
    events_->executorEnded(ExecutorId(gone.executor), std::move(end));
  }
  void on(const protocol::ExecutorLeaving& leaving) {
    events_->executorLeaving(ExecutorId(leaving.executor), leaving.reason);
  }
  void on(const protocol::ApplicationWaits& waits) {
    if (!waits.reason.empty()) log::warn("the application waits for executors: {}", waits.reason);
    MutexLock lock(mutex_);
    placed_ = true;
    changed_.notifyAll();
  }
  void on(const protocol::ApplicationRemoved& removed) {
    events_->providerFailed("the manager ended the application: " + removed.reason);
  }

  const StandaloneOptions options_;
  const std::string cluster_secret_;
  const std::string host_;
  ProviderEvents* events_ = nullptr;
  rpc::Endpoint driver_;
  rpc::Endpoint programs_;

  mutable Mutex mutex_;
  CondVar changed_;
  std::map<ExecutorId, int> executors_ CERIUM_GUARDED_BY(mutex_);  // granted and not gone, with their cores; 0: retired
  int64_t next_executor_ CERIUM_GUARDED_BY(mutex_) = 0;
  int wanted_ CERIUM_GUARDED_BY(mutex_);
  bool accepted_ CERIUM_GUARDED_BY(mutex_) = false;  // by some manager
  bool heard_ CERIUM_GUARDED_BY(mutex_) = false;     // by the one that was greeted last
  std::string refused_ CERIUM_GUARDED_BY(mutex_);
  bool placed_ CERIUM_GUARDED_BY(mutex_) = false;  // the manager has granted what it can for now

  FileServer program_;
  std::unique_ptr<ManagerConnection> connection_;
};

}  // namespace

std::unique_ptr<ExecutorProvider> makeStandaloneProvider(StandaloneOptions options) {
  return std::make_unique<StandaloneProvider>(std::move(options));
}

}  // namespace cerium
