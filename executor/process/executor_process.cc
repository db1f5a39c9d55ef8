// Cerium. Licensed under the Apache License 2.0.
#include "executor/process/executor_process.h"

#include <fmt/format.h>
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <fstream>
#include <map>
#include <utility>

#include "base/protocol/executor_environment.h"
#include "base/rpc/transport.h"
#include "base/util/child_process.h"
#include "base/util/environment.h"
#include "base/util/exception_text.h"
#include "base/util/log.h"
#include "base/util/mutex.h"
#include "executor/blocks/block_directory.h"
#include "executor/blocks/block_server.h"
#include "executor/blocks/broadcast_cache.h"
#include "executor/crash_report.h"
#include "executor/executor.h"
#include "executor/process/block_mover.h"
#include "executor/process/launch_receiver.h"
#include "rdd/broadcast.h"

namespace cerium {
namespace {

/// A result larger than this waits at the executor until the driver fetches it in pieces.
constexpr size_t kInlineResult = size_t{1} << 20;
// bytes that a task may add to accumulators
constexpr size_t kMostAdded = rpc::TransportOptions::kMaxMessageBytes - 2 * kInlineResult;
constexpr auto kLookAround = std::chrono::milliseconds(100);
constexpr auto kAnswerLimit = std::chrono::seconds(60);

/// One executor process: the Executor, its connection to the driver, and its block server.
class ExecutorProcess final : public ExecutorLink {
 public:
  ExecutorProcess()
      : driver_(parseEndpoint(takeVariable(ExecutorEnvironment::kDriver))),
        id_(std::strtoll(takeVariable(ExecutorEnvironment::kId).c_str(), nullptr, 10)),
        cores_(std::atoi(takeVariable(ExecutorEnvironment::kCores).c_str())),
        host_(takeVariable(ExecutorEnvironment::kHost)),
        scratch_(takeVariable(ExecutorEnvironment::kScratch)),
        places_(id_) {
    if (host_.empty()) host_ = driver_.host;  // executor and driver are on the same machine
    log::setLevel(log::Level::kInfo);
    log::setRole("executor " + id_.str());
    const std::string crash_fd = takeVariable(ExecutorEnvironment::kCrashFd);
    if (!crash_fd.empty()) installCrashHandler(std::atoi(crash_fd.c_str()));
  }

  int run() {
    rpc::TransportOptions options;
    options.secret = takeVariable(ExecutorEnvironment::kSecret);
    transport_ = rpc::makeTcpTransport(options);
    client_ = std::make_unique<BlockClient>(*transport_);
    broadcasts_ = std::make_unique<BroadcastCache>(*client_);
    BroadcastRegistry::instance().setFetcher(
        [](void* self, BroadcastId id) { return static_cast<ExecutorProcess*>(self)->fetchBroadcast(id); }, this);
    connection_ = transport_->connect(driver_, {[this](const rpc::ConnectionPtr&, Bytes bytes) { onMessage(bytes); },
                                                [this](const rpc::ConnectionPtr&, const std::string& reason) {
                                                  end("the connection to the driver broke: " + reason, kLostItsDriver);
                                                }});
    if (waitForWelcome()) {
      const rpc::Endpoint blocks =
          transport_->listen({host_, 0}, [this](const rpc::ConnectionPtr&) { return server_->handlers(); });
      send(protocol::Hello{id_.value, buildId(), host_, blocks.port, cores_, ::getpid()});
    }
    return serve();
  }

  // ---- ExecutorLink

  void taskEnded(TaskReport report) override {
    protocol::TaskEnd end;
    end.task = report.id.value;
    if (const auto thrown = guarded([&] { encodeValues(report, end); })) {
      resultNotEncoded(report, *thrown);
      end.result = {};
      end.kept_bytes = 0;
      end.accumulators.clear();
    }
    end.outcome = static_cast<uint8_t>(report.outcome);
    end.message = std::move(report.message);
    end.exception_type = std::move(report.exception_type);
    end.call_site = std::move(report.call_site);
    end.shuffle = report.shuffle.value;
    end.map = report.map;
    end.source = report.source.value;
    end.map_checksum = report.map_checksum;
    end.map_sizes = encodeSizes(report.map_sizes);
    end.metrics = report.metrics;
    protocol::TasksEnded message;
    message.tasks.push_back(std::move(end));
    send(std::move(message));
  }

  void blockChanged(const BlockChange& change) override {
    protocol::BlocksChanged message;
    message.blocks.push_back({change.rdd.value, change.partition, change.present, change.memory, change.disk});
    send(std::move(message));
  }

  std::shared_ptr<RemoteShuffle> openRemoteShuffle(TaskContext& task, const ShuffleRange& range,
                                                   ShuffleStore& local) override {
    return std::make_shared<RemoteShuffle>(task, range, places_.find(range.shuffle),
                                           RemoteShuffle::Stores{local, *client_});
  }
  [[nodiscard]] bool isCurrent(const RemoteShuffle& shuffle) const override { return places_.isCurrent(shuffle); }

  std::optional<CachedBlock> fetchCached(RddId rdd, int partition) override {
    const auto peer = places_.find(rdd, partition);
    if (!peer) return std::nullopt;
    try {
      return client_->fetchCached(*peer, rdd, partition, TaskContext::get());
    } catch (const IoError& e) {
      return notFetched(rdd, partition, *peer, e.what());
    } catch (const ThrownElsewhere& e) {  // the program's code failed to serialize it there
      return notFetched(rdd, partition, *peer, e.what());
    }
  }

  std::vector<std::string> barrier(TaskContext& task, const std::string& message) override {
    if (task.isInterrupted()) throw TaskKilled("barrier: the task was told to stop before it reached the barrier");
    send(protocol::BarrierEnter{task.stageId(), task.stageAttemptNumber(), task.partitionId(), task.taskAttemptId(),
                                message});
    MutexLock lock(mutex_);
    const auto until = std::chrono::steady_clock::now() + std::chrono::milliseconds(welcome_->barrier_ms);
    for (;;) {
      auto found = released_.find(task.taskAttemptId());
      if (found != released_.end()) {
        auto release = std::move(found->second);
        released_.erase(found);
        if (!release.failure.empty()) throw TaskKilled("barrier: " + release.failure);
        return std::move(release.messages);
      }
      if (ended_ || task.isInterrupted()) throw TaskKilled("barrier: the task was told to stop while it waited");
      if (std::chrono::steady_clock::now() > until) throw barrierTimeout(welcome_->barrier_ms);
      changed_.waitFor(mutex_, kLookAround);
    }
  }

  std::string addedFile(const std::string& name) override {
    protocol::AddedFile file;
    {
      MutexLock lock(mutex_);
      auto found = files_.find(name);
      if (found == files_.end())
        throw InvalidArgument("File::get: no file " + name +
                              " was added to the Context of this task; call its addFile first");
      file = found->second;
    }
    return scratch_.empty() ? file.path : fetchFile(file);
  }

 private:
  static std::nullopt_t notFetched(RddId rdd, int partition, const rpc::Endpoint& peer, const std::string& why) {
    log::info("cached partition {} of RDD {} cannot be read from {}, so it is computed again: {}", partition, rdd.value,
              peer.str(), why);
    return std::nullopt;
  }
  static rpc::Endpoint parseEndpoint(const std::string& text) {
    const size_t colon = text.rfind(':');
    return {text.substr(0, colon), static_cast<uint16_t>(std::atoi(text.c_str() + colon + 1))};
  }

  void send(protocol::Message message) { connection_->send(protocol::encode(message)); }

  void end(const std::string& reason, int status = 0) {
    MutexLock lock(mutex_);
    if (std::exchange(ended_, true)) return;
    log::info("stops: {}", reason);
    exit_status_ = status;
    changed_.notifyAll();
  }

  /// Sends heartbeats until the end, then leaves at once: without its driver, this process's data is of no use.
  int serve() {
    MutexLock lock(mutex_);
    while (!ended_) {
      if (executor_) {
        const auto used = executor_->memory().used();
        const auto disk = executor_->spillSpace()->bytesInUse();
        lock.unlock();
        send(protocol::Heartbeat{used, disk});
        lock.lock();
      }
      const std::chrono::milliseconds pause(welcome_ ? welcome_->heartbeat_ms : 1000);
      const auto next = std::chrono::steady_clock::now() + pause;
      while (!ended_ && changed_.waitUntil(mutex_, next)) {
      }
    }
    return exit_status_;
  }

  void onMessage(const Bytes& bytes) {
    const auto thrown = guarded([&] { std::visit([this](auto&& message) { on(message); }, protocol::decode(bytes)); });
    if (thrown) end("a message of the driver cannot be used: " + thrown->str());
  }

  template <class T>
  void on(T&) {
    throw CorruptData("the driver sent a message that is not for executors");
  }

  void on(protocol::Welcome& welcome) {
    MutexLock lock(mutex_);
    welcome_ = std::move(welcome);
    changed_.notifyAll();
  }

  /// The driver first sends what an executor needs; then this process can serve blocks. Returns false if the driver is
  /// gone.
  bool waitForWelcome() {
    protocol::Welcome welcome;
    {
      MutexLock lock(mutex_);
      const auto limit = std::chrono::steady_clock::now() + kAnswerLimit;
      while (!ended_ && !welcome_ && changed_.waitUntil(mutex_, limit)) {
      }
      if (ended_) return false;
      if (!welcome_) throw Error("the driver at " + driver_.str() + " does not answer");
      welcome = *welcome_;
    }
    if (!scratch_.empty()) welcome.local_dirs = {scratch_};  // the worker's machine knows the folder, not the driver's
    ExecutorOptions options;
    options.id = id_;
    options.cores = cores_;
    options.memory_bytes = welcome.memory_bytes;
    options.process_limit = welcome.process_limit;
    options.local_dirs = welcome.local_dirs;
    options.kill_timeout = std::chrono::milliseconds(welcome.kill_timeout_ms);
    options.owns_process = true;
    options.reads_ahead = welcome.reads_ahead;
    auto executor = std::make_shared<Executor>(
        std::move(options), std::shared_ptr<ExecutorLink>(std::shared_ptr<void>(), this));  // never destroyed
    BlockSources sources;
    sources.shuffles = &executor->shuffles();
    sources.blocks = &executor->blocks();
    sources.broadcast_chunk = [this](BroadcastId id, int index) { return broadcasts_->chunk(id, index); };
    sources.result = [this](TaskId task) {
      MutexLock lock(mutex_);
      auto found = results_.find(task);
      return found == results_.end() ? CheckedBytes() : found->second;
    };
    MutexLock lock(mutex_);
    executor_ = std::move(executor);
    mover_ = std::make_unique<BlockMover>(*executor_, *client_,
                                          [this](protocol::Message message) { send(std::move(message)); });
    launches_ = std::make_unique<LaunchReceiver>(
        LaunchReceiver::Parts{*executor_, places_, *client_, *broadcasts_},
        [this](TaskReport report) { taskEnded(std::move(report)); },
        [this](const std::string& reason) { end("a message of the driver cannot be used: " + reason); });
    server_ = std::make_unique<BlockServer>(std::move(sources));
    return true;
  }

  void on(protocol::LaunchTasks& message) { launches_->add(std::move(message)); }
  void on(protocol::KillTask& message) { launches_->add(std::move(message)); }
  void on(protocol::DropStages& message) { launches_->add(std::move(message)); }
  void on(protocol::DropShuffle& message) { launches_->add(message); }
  void on(protocol::DropRdd& message) { launches_->add(message); }
  void on(protocol::DropBroadcast& message) { launches_->add(message); }
  void on(protocol::ExecutorLost& message) { launches_->add(std::move(message)); }
  void on(protocol::DropResult& drop) {
    MutexLock lock(mutex_);
    results_.erase(TaskId(drop.task));
  }
  void on(protocol::BroadcastInfo& info) {
    MutexLock lock(mutex_);
    answers_[info.id] = std::move(info);
    changed_.notifyAll();
  }
  void on(protocol::BarrierRelease& release) {
    MutexLock lock(mutex_);
    released_[release.task] = std::move(release);
    changed_.notifyAll();
  }
  void on(protocol::AddedFiles& added) {
    MutexLock lock(mutex_);
    for (auto& file : added.files) files_[file.name] = std::move(file);
  }
  void on(protocol::ReplicateBlock& replicate) { mover_->add(std::move(replicate)); }
  void on(protocol::AdoptShuffle& adopt) { mover_->add(std::move(adopt)); }
  void on(protocol::Retire& retire) { mover_->add(retire); }
  void on(protocol::Shutdown& shutdown) { end(shutdown.reason); }

  /// The path of a file of the driver's machine, which is fetched once.
  std::string fetchFile(const protocol::AddedFile& file) {
    const std::string path = fmt::format("{}/file-{}-{}", scratch_, file.broadcast, file.name);
    MutexLock lock(fetching_files_);
    if (::access(path.c_str(), R_OK) == 0) return path;
    const auto contents = fetchBroadcast(BroadcastId(file.broadcast));
    const std::string half = path + ".part";
    std::ofstream out(half, std::ios::binary | std::ios::trunc);
    out.write(contents->data(), static_cast<std::streamsize>(contents->size()));
    out.close();
    if (!out || std::rename(half.c_str(), path.c_str()) != 0)
      throw IoError("the added file " + file.name + " cannot be written to " + path + ": " + std::strerror(errno));
    return path;
  }

  std::shared_ptr<const Bytes> fetchBroadcast(BroadcastId id) {
    send(protocol::BroadcastQuery{id.value});
    protocol::BroadcastInfo info;
    {
      MutexLock lock(mutex_);
      const auto limit = std::chrono::steady_clock::now() + kAnswerLimit;
      while (!ended_ && !answers_.contains(id.value) && changed_.waitUntil(mutex_, limit)) {
      }
      if (ended_ || !answers_.contains(id.value)) throw Error("broadcast " + id.str() + ": the driver does not answer");
      info = std::move(answers_.at(id.value));
      answers_.erase(id.value);
    }
    if (!info.failure_type.empty()) throw ThrownElsewhere({info.failure_type, info.failure});
    if (!info.failure.empty()) throw Error(info.failure);
    auto whole = broadcasts_->fetch(info);
    send(protocol::BroadcastHeld{id.value});
    return whole;
  }

  /// The part of a report that the program's code encodes.
  void encodeValues(const TaskReport& report, protocol::TaskEnd& end) {
    size_t added = 0;
    for (const auto& [id, cell] : report.cells) {
      Bytes bytes;
      Writer out(bytes);
      cell->encode(out);
      added += bytes.size();
      end.accumulators.push_back({id.value, std::move(bytes)});
    }
    if (added > kMostAdded)
      throw Error(
          fmt::format("what the task adds to accumulators is {} bytes, and a message takes {}; return it instead",
                      added, kMostAdded));
    if (!report.value) return;
    Bytes result;
    Writer out(result);
    report.stage->body->encodeResult(report.value.get(), out);
    if (result.size() <= kInlineResult) {
      end.result = std::move(result);
      return;
    }
    end.kept_bytes = result.size();
    CheckedBytes kept = CheckedBytes::of(std::move(result));
    MutexLock lock(mutex_);
    results_[report.id] = std::move(kept);
  }

  const rpc::Endpoint driver_;
  const ExecutorId id_;
  const int cores_;
  std::string host_;  ///< The name under which other processes reach this one.
  const std::string scratch_;

  Mutex mutex_;
  CondVar changed_;
  bool ended_ CERIUM_GUARDED_BY(mutex_) = false;
  int exit_status_ CERIUM_GUARDED_BY(mutex_) = 0;
  std::optional<protocol::Welcome> welcome_ CERIUM_GUARDED_BY(mutex_);
  std::map<TaskId, CheckedBytes> results_ CERIUM_GUARDED_BY(mutex_);
  std::map<int64_t, protocol::BroadcastInfo> answers_ CERIUM_GUARDED_BY(mutex_);
  std::map<int64_t, protocol::BarrierRelease> released_ CERIUM_GUARDED_BY(mutex_);
  std::map<std::string, protocol::AddedFile> files_ CERIUM_GUARDED_BY(mutex_);
  Mutex fetching_files_;  // Held while an added file is fetched, so that each is fetched once.
  BlockDirectory places_;

  std::unique_ptr<BlockClient> client_;
  std::unique_ptr<BroadcastCache> broadcasts_;
  std::shared_ptr<Executor> executor_;
  std::unique_ptr<BlockMover> mover_;
  std::unique_ptr<LaunchReceiver> launches_;
  std::unique_ptr<BlockServer> server_;
  std::unique_ptr<rpc::Transport> transport_;
  rpc::ConnectionPtr connection_;
};

}  // namespace

bool isExecutorProcess() { return std::getenv(ExecutorEnvironment::kDriver) != nullptr; }

void runExecutorProcess() {
  // Ctrl-C in a terminal reaches the driver and its executors alike. Executors end when the driver tells them to or is
  // gone.
  ::signal(SIGINT, SIG_IGN);
  ::signal(SIGPIPE, SIG_IGN);
  endWithParent();                          // without its worker nothing would report this process's end
  ::prctl(PR_SET_NAME, "cerium-executor");  // shown by ps and top
  int status = 1;
  try {
    static auto* process = new ExecutorProcess();  // never destroyed: _exit below ends its threads
    status = process->run();
  } catch (...) {
    log::error("{}", currentExceptionText().str());
  }
  ::_exit(status);
}

}  // namespace cerium
