// Cerium. Licensed under the Apache License 2.0.
#include "driver/process_backend.h"

#include <fmt/format.h>
#include <signal.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <cstring>
#include <map>
#include <mutex>
#include <set>
#include <thread>

#include "base/protocol/messages.h"
#include "base/rpc/transport.h"
#include "base/util/log.h"
#include "driver/added_files.h"
#include "driver/barrier_desk.h"
#include "driver/broadcast_desk.h"
#include "driver/executor_launcher.h"
#include "driver/launch_encoder.h"
#include "driver/result_fetcher.h"
#include "rdd/accumulator_registry.h"
#include "rdd/entry_table.h"
#include "rdd/io/record_file.h"

namespace cerium {
namespace {

constexpr int kMaxStartFailures = 10;  // in a row, without any executor that registered in between
constexpr Millis kStartLimit = 30'000;
constexpr int kTicksWithoutConnection = 10;  // of 100 ms: a dying process may still be writing its crash report

std::string newSecret() {
  unsigned char bytes[32];
  if (::getrandom(bytes, sizeof bytes, 0) != static_cast<ssize_t>(sizeof bytes))
    throw Error("the system has no random bytes");
  std::string text;
  for (unsigned char byte : bytes) text += fmt::format("{:02x}", byte);
  return text;
}

/// Logs outlive the program, so they go where the user's state is kept, not with the scratch data.
std::string defaultLogDir(const std::string& application) {
  std::string base;
  if (const char* state = std::getenv("XDG_STATE_HOME"); state != nullptr && *state == '/') {
    base = state;
  } else if (const char* home = std::getenv("HOME"); home != nullptr && *home == '/') {
    base = std::string(home) + "/.local/state";
  } else {
    base = "/tmp/cerium-" + std::to_string(::getuid());
  }
  return base + "/cerium/" + application;
}

std::string describe(const ProcessEnd& end) {
  if (end.crashed && end.record.signal == 0) return fmt::format("a task called exit({})", end.record.exit_status);
  if (end.signal > 0) return fmt::format("its process was killed by signal {} ({})", end.signal, strsignal(end.signal));
  return fmt::format("its process exited with status {}", end.exit_status);
}

class ProcessBackend final : public ClusterBackend {
 public:
  explicit ProcessBackend(ProcessOptions options)
      : options_(std::move(options)),
        secret_(newSecret()),
        log_dir_(options_.log_dir.empty() ? defaultLogDir(options_.application)
                                          : options_.log_dir + "/" + options_.application),
        broadcasts_(options_.broadcast_chunk) {}
  ~ProcessBackend() override { stop(); }

  void start(BackendEvents& events) override {
    events_ = &events;
    io::makeFolder(log_dir_);
    ::chmod(log_dir_.c_str(), 0700);
    rpc::TransportOptions transport;
    transport.secret = secret_;
    transport_ = rpc::makeTcpTransport(transport);
    fetcher_ = std::make_unique<ResultFetcher>(*transport_, events);
    endpoint_ = transport_->listen({"127.0.0.1", 0},
                                   [this](const rpc::ConnectionPtr& connection) { return welcome(connection); });
    blocks_ = transport_->listen({"127.0.0.1", 0},
                                 [this](const rpc::ConnectionPtr&) { return broadcasts_.server().handlers(); });
    post([this] {
      for (int i = 0; i < options_.executors; ++i) startExecutor();
    });
  }

  void stop() override {
    if (!transport_ || stopped_) return;
    stopped_ = true;  // the loop has ended: nothing else uses the table now
    for (auto& [id, executor] : executors_) {
      if (executor.connection) {
        executor.connection->send(protocol::encode(protocol::Shutdown{"the application ends"}));
      } else {
        executor.process->kill();
      }
    }
    endProcesses();
    fetcher_.reset();
    transport_.reset();
  }

  void launch(ExecutorId id, std::vector<TaskLaunch> tasks, const DagScheduler& dag) override {
    auto found = executors_.find(id);
    if (found == executors_.end() || !found->second.connection) return;
    auto message = encoder_.encode(found->second.told, tasks, dag);
    found->second.connection->send(protocol::encode(std::move(message)));
  }
  void kill(ExecutorId id, TaskId task, const std::string& reason) override {
    sendTo(id, protocol::KillTask{task.value, reason});
    barriers_.taskGone(task);
  }
  void endExecutor(ExecutorId id, const std::string& reason) override {
    auto found = executors_.find(id);
    if (found == executors_.end()) return;
    if (found->second.killed_because.empty()) found->second.killed_because = "others cannot reach it: " + reason;
    found->second.process->kill();
  }
  void dropStage(StageId stage) override {
    encoder_.forgetStage(stage);
    for (auto& [id, executor] : executors_) {
      if (executor.told.stages.erase(stage) > 0) sendTo(id, protocol::DropStages{{stage.value}});
    }
  }
  void dropShuffle(ShuffleId shuffle) override {
    for (auto& [id, executor] : executors_) {
      executor.told.shuffles.erase(shuffle);
      sendTo(id, protocol::DropShuffle{shuffle.value});
    }
  }
  void dropRdd(RddId rdd) override {
    encoder_.forgetRdd(rdd);
    sendToAll(protocol::DropRdd{rdd.value});
  }
  void dropBroadcast(BroadcastId id) override {
    broadcasts_.forgetHolders(id);
    sendToAll(protocol::DropBroadcast{id.value});
  }
  void addBroadcast(BroadcastId id, std::function<Bytes()> encode) override { broadcasts_.add(id, std::move(encode)); }
  void removeBroadcast(BroadcastId id) override { broadcasts_.remove(id); }

  void tick(Millis now) override {
    for (auto& [id, executor] : executors_) {
      if (!executor.killed_because.empty()) continue;
      if (executor.heard_flag.exchange(false) || executor.heard == 0) executor.heard = now;
      const bool registered = executor.connection != nullptr;
      const Millis silent = now - executor.heard;
      if (!executor.lost_connection.empty()) {
        if (--executor.ticks_left > 0) continue;
        executor.killed_because = "its connection broke: " + executor.lost_connection;
      } else if (silent > (registered ? options_.dead_after_ms : kStartLimit)) {
        executor.killed_because = registered
                                      ? fmt::format("it sent no heartbeat for {} s", silent / 1000)
                                      : fmt::format("it did not register within {} s of its start", silent / 1000);
      } else {
        continue;
      }
      executor.process->kill();
    }
  }

  [[nodiscard]] int defaultParallelism() const override { return std::max(2, options_.executors * options_.cores); }
  [[nodiscard]] std::string logDir() const override { return log_dir_; }

 private:
  struct Remote {
    std::unique_ptr<ExecutorProcessHandle> process;
    std::string log_file;
    rpc::ConnectionPtr connection;  ///< Set once it has registered.
    protocol::Peer peer;
    ToldExecutor told;
    Millis heard = 0;
    std::atomic<bool> heard_flag{false};
    std::string lost_connection;  ///< Why, once it broke.
    int ticks_left = 0;
    std::string killed_because;
  };

  void post(std::function<void()> action) { events_->post(std::move(action)); }

  void sendTo(ExecutorId id, protocol::Message message) {
    auto found = executors_.find(id);
    if (found != executors_.end() && found->second.connection)
      found->second.connection->send(protocol::encode(message));
  }
  void sendToAll(const protocol::Message& message) {
    for (auto& [id, executor] : executors_) {
      if (executor.connection) executor.connection->send(protocol::encode(message));
    }
  }

  // ---- processes (on the loop's thread)

  void startExecutor() {
    if (stopped_) return;
    const ExecutorId id(next_id_++);
    Remote& executor = executors_[id];
    executor.log_file = fmt::format("{}/executor-{}.log", log_dir_, id.value);
    LaunchOrder order{id, endpoint_.str(), secret_, options_.cores, executor.log_file};
    try {
      executor.process = std::make_unique<ExecutorProcessHandle>(
          order, [this, id](const ProcessEnd& end) { post([this, id, end] { processEnded(id, end); }); });
    } catch (const IoError& e) {
      executors_.erase(id);
      events_->backendFailed(e.what());
    }
  }

  void processEnded(ExecutorId id, const ProcessEnd& end) {
    auto found = executors_.find(id);
    if (found == executors_.end()) return;
    Remote& executor = found->second;
    const bool registered = executor.connection != nullptr;
    const std::string log_file = executor.log_file;
    Failure failure;
    // A process that we did not end died of what it ran: a crash, the memory limit, a kill. Its tasks are suspect, and
    // count as tried, so that one that always kills its executor ends.
    failure.kind = executor.killed_because.empty() ? Failure::Kind::kCrash : Failure::Kind::kExecutorLost;
    failure.message = executor.killed_because.empty() ? describe(end) : executor.killed_because;
    failure.signal = end.signal;
    if (end.crashed) failure.stack = describeStack(end.record);
    if (registered) failure.message += "; its log is " + log_file;
    dead_.push_back(std::move(executor.process));
    executors_.erase(found);
    encoder_.forgetExecutor(id);
    broadcasts_.forgetHolder(id);
    barriers_.executorGone(id);
    if (registered) {
      start_failures_ = 0;
      std::vector<TaskId> guilty;
      if (end.crashed && end.record.task >= 0) guilty.push_back(TaskId(end.record.task));
      events_->executorLost(id, failure, guilty);
    } else if (++start_failures_ >= kMaxStartFailures) {
      return events_->backendFailed(
          fmt::format("{} executors in a row ended before they registered; the last one: {}\n{}", start_failures_,
                      failure.message, lastLines(log_file, 2000)));
    }
    startExecutor();
  }

  /// After the loop ended: waits a moment for the processes that were told to end, then kills what is left.
  void endProcesses() {
    for (int round = 0; round < 200; ++round) {
      bool alive = false;
      for (auto& [id, executor] : executors_) alive = alive || ::kill(executor.process->pid(), 0) == 0;
      if (!alive) break;
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    for (auto& [id, executor] : executors_) executor.process->kill();
    executors_.clear();
    dead_.clear();
  }

  // ---- messages (on the transport's thread, up to post)

  rpc::Handlers welcome(const rpc::ConnectionPtr& connection) {
    protocol::Welcome welcome;
    welcome.application = options_.application;
    welcome.memory_bytes = options_.memory_bytes;
    welcome.heartbeat_ms = options_.heartbeat_ms;
    welcome.local_dirs = options_.local_dirs;
    connection->send(protocol::encode(std::move(welcome)));
    auto who = std::make_shared<ExecutorId>();
    return {[this, who](const rpc::ConnectionPtr& from, Bytes bytes) { onMessage(from, *who, bytes); },
            [this, who](const rpc::ConnectionPtr&, const std::string& reason) {
              if (who->valid()) post([this, id = *who, reason] { connectionClosed(id, reason); });
            }};
  }

  void connectionClosed(ExecutorId id, const std::string& reason) {
    auto found = executors_.find(id);
    if (found == executors_.end() || !found->second.killed_because.empty() || stopped_) return;
    // A process that dies closes its connection first, and its watcher knows more; one that lives without a connection
    // is of no use.
    found->second.lost_connection = reason;
    found->second.ticks_left = kTicksWithoutConnection;
  }

  void onMessage(const rpc::ConnectionPtr& from, ExecutorId& who, const Bytes& bytes) {
    try {
      auto message = protocol::decode(bytes);
      std::visit([&](auto& each) { on(from, who, each); }, message);
    } catch (const CorruptData& e) {
      log::warn("a connection from {} is closed: {}", from->peer(), e.what());
      from->close();
    }
  }

  template <class T>
  void on(const rpc::ConnectionPtr&, ExecutorId&, T&) {
    throw CorruptData("it sent a message that is not for drivers");
  }

  void on(const rpc::ConnectionPtr& from, ExecutorId& who, protocol::Hello& hello) {
    if (hello.build_id != buildId()) {
      log::error("executor {} is refused: its program has build-id {}, this one {}; both must be the same binary",
                 hello.executor, hello.build_id, buildId());
      from->send(protocol::encode(protocol::Shutdown{
          fmt::format("refused: this program has build-id {}, the driver's {}; both must be the same binary",
                      hello.build_id, buildId())}));
      return from->close();
    }
    who = ExecutorId(hello.executor);
    post([this, from, hello] { registerExecutor(from, hello); });
  }

  void registerExecutor(const rpc::ConnectionPtr& from, const protocol::Hello& hello) {
    const ExecutorId id(hello.executor);
    auto found = executors_.find(id);
    if (found == executors_.end() || found->second.connection) return from->close();
    found->second.connection = from;
    found->second.peer = {hello.executor, hello.host, hello.block_port};
    found->second.heard_flag = true;
    start_failures_ = 0;
    encoder_.addPeer(found->second.peer);
    sendTo(id, protocol::AddedFiles{addedFiles()});
    events_->executorAdded(id, hello.host, hello.cores);
  }

  void on(const rpc::ConnectionPtr&, ExecutorId& who, protocol::Heartbeat&) {
    post([this, id = who] { heardFrom(id); });
  }
  void heardFrom(ExecutorId id) {
    auto found = executors_.find(id);
    if (found != executors_.end()) found->second.heard_flag = true;
  }

  void on(const rpc::ConnectionPtr&, ExecutorId& who, protocol::TasksEnded& ended) {
    for (auto& task : ended.tasks) {
      TaskEndEvent event;
      event.executor = who;
      fromMessage(task, event);
      if (task.kept_bytes == 0) {
        events_->taskEnded(std::move(event));
      } else {
        post([this, shared = std::make_shared<TaskEndEvent>(std::move(event))] { fetchResult(std::move(*shared)); });
      }
    }
  }

  void fetchResult(TaskEndEvent event) {
    auto found = executors_.find(event.executor);
    if (found == executors_.end()) return;  // its loss is on the way to the schedulers
    fetcher_->fetch({found->second.peer.host, found->second.peer.port}, found->second.connection, std::move(event));
  }

  static void fromMessage(protocol::TaskEnd& task, TaskEndEvent& event) {
    TaskReport& report = event.report;
    report.id = TaskId(task.task);
    if (task.outcome > protocol::TaskEnd::kKilled) throw CorruptData("a task ended in an unknown way");
    report.outcome = static_cast<TaskReport::Outcome>(task.outcome);
    report.map_bytes = std::move(task.map_bytes);
    report.message = std::move(task.message);
    report.exception_type = std::move(task.exception_type);
    report.call_site = std::move(task.call_site);
    report.shuffle = ShuffleId(task.shuffle);
    report.map = task.map;
    report.source = ExecutorId(task.source);
    event.encoded_result = std::move(task.result);
    for (auto& update : task.accumulators)
      event.encoded_cells.emplace_back(AccumulatorId(update.id), std::move(update.cell));
    int64_t* const figures[] = {&report.metrics.records_read,
                                &report.metrics.bytes_read,
                                &report.metrics.shuffle_records_written,
                                &report.metrics.shuffle_bytes_written,
                                &report.metrics.shuffle_bytes_read,
                                &report.metrics.remote_bytes_read,
                                &report.metrics.spilled_bytes,
                                &report.metrics.run_micros};
    for (size_t i = 0; i < std::size(figures) && i < task.metrics.size(); ++i) *figures[i] = task.metrics[i];
  }

  void on(const rpc::ConnectionPtr&, ExecutorId& who, protocol::BlocksChanged& changed) {
    for (const auto& block : changed.blocks) {
      BlockChange change{RddId(block.rdd), block.partition, block.present, block.memory, block.disk};
      post([this, id = who, change] { encoder_.blockChanged(id, change); });
      events_->blockChanged(who, change);
      post([this, id = who, change] { replicate(id, change); });
    }
  }

  /// A block of a level with two copies goes to the executor after its first holder's.
  void replicate(ExecutorId holder, const BlockChange& change) {
    const StorageLevel level = encoder_.levelOf(change.rdd);
    if (!change.present || replicas(level) < 2 || encoder_.holders(change.rdd, change.partition) >= 2) return;
    auto next = executors_.upper_bound(holder);
    if (next == executors_.end()) next = executors_.begin();
    auto from = executors_.find(holder);
    if (next->first == holder || !next->second.connection || from == executors_.end()) return;
    sendTo(next->first, protocol::ReplicateBlock{change.rdd.value, change.partition, static_cast<uint8_t>(level),
                                                 from->second.peer});
  }

  void on(const rpc::ConnectionPtr& from, ExecutorId&, protocol::BroadcastQuery& query) {
    // Encoding a large value takes time: not on the transport's thread, nor on the loop's.
    broadcasts_.answer(from, BroadcastId(query.id), blocks_);
  }
  void on(const rpc::ConnectionPtr&, ExecutorId& who, protocol::BroadcastHeld& held) {
    post([this, id = who, broadcast = BroadcastId(held.id)] {
      auto found = executors_.find(id);
      if (found != executors_.end()) broadcasts_.addHolder(broadcast, found->second.peer);
    });
  }
  void on(const rpc::ConnectionPtr&, ExecutorId& who, protocol::BarrierEnter& enter) {
    post([this, id = who, enter] {
      for (auto& [task, release] : barriers_.enter(id, enter, encoder_.partitionsOf(StageId(enter.stage)))) {
        sendTo(task, std::move(release));
      }
    });
  }

  const ProcessOptions options_;
  const std::string secret_;
  const std::string log_dir_;
  BackendEvents* events_ = nullptr;
  std::atomic<bool> stopped_{false};
  rpc::Endpoint endpoint_;  ///< Where executors register.
  rpc::Endpoint blocks_;    ///< Where they fetch broadcasts.

  // Owned by the loop's thread.
  std::map<ExecutorId, Remote> executors_;
  std::vector<std::unique_ptr<ExecutorProcessHandle>> dead_;  // joined at the end
  LaunchEncoder encoder_;
  BarrierDesk barriers_;
  int64_t next_id_ = 0;
  int start_failures_ = 0;

  BroadcastDesk broadcasts_;  // thread-safe
  std::unique_ptr<ResultFetcher> fetcher_;
  std::unique_ptr<rpc::Transport> transport_;
};

}  // namespace

std::unique_ptr<ClusterBackend> makeProcessBackend(ProcessOptions options) {
  return std::make_unique<ProcessBackend>(std::move(options));
}

}  // namespace cerium
