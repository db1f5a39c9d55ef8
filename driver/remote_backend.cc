// Cerium. Licensed under the Apache License 2.0.
#include "driver/remote_backend.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <map>

#include "base/protocol/messages.h"
#include "base/rpc/transport.h"
#include "base/util/log.h"
#include "driver/added_files.h"
#include "driver/barrier_desk.h"
#include "driver/broadcast_desk.h"
#include "driver/launch_encoder.h"
#include "driver/result_fetcher.h"
#include "rdd/accumulator_registry.h"
#include "rdd/entry_table.h"

namespace cerium {
namespace {

constexpr int kMaxStartFailures = 10;       // in a row, without any executor that registered in between
constexpr Millis kAfterConnection = 1'000;  // a dying process may still be writing its crash report
constexpr Millis kStoodStill = 2'000;       // between two ticks, of which there are ten a second
constexpr Millis kGrantLimit = 5'000;
constexpr Millis kAfterKill = 3'000;  // its provider may be out of reach, too

class RemoteBackend final : public ClusterBackend, public ProviderEvents {
 public:
  RemoteBackend(RemoteOptions options, std::unique_ptr<ExecutorProvider> provider)
      : options_(std::move(options)), provider_(std::move(provider)), broadcasts_(options_.broadcast_chunk) {}
  ~RemoteBackend() override { stop(); }

  void start(BackendEvents& events) override {
    events_ = &events;
    rpc::TransportOptions transport;
    transport.secret = provider_->secret();
    transport_ = rpc::makeTcpTransport(transport);
    fetcher_ = std::make_unique<ResultFetcher>(*transport_, events);
    const rpc::Endpoint at = provider_->listenAt();
    const rpc::Endpoint endpoint =
        transport_->listen(at, [this](const rpc::ConnectionPtr& connection) { return welcome(connection); });
    blocks_ =
        transport_->listen({at.host, 0}, [this](const rpc::ConnectionPtr&) { return broadcasts_.server().handlers(); });
    provider_->start(endpoint, *transport_, *this);
  }

  void stop() override {
    if (!transport_ || stopped_) return;
    stopped_ = true;  // the loop has ended: nothing else uses the table now
    for (auto& [id, executor] : executors_) {
      if (executor.connection) {
        executor.connection->send(protocol::encode(protocol::Shutdown{"the application ends"}));
      } else {
        provider_->kill(id, "the application ends");
      }
    }
    provider_->stop();
    symbols_.stop();
    executors_.clear();
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
    giveUp(id, found->second, "others cannot reach it: " + reason);
  }
  void moveShuffle(ShuffleId shuffle, const std::vector<int>& maps, int reduces, ExecutorId from,
                   ExecutorId to) override {
    auto source = executors_.find(from);
    if (source != executors_.end())
      sendTo(to, protocol::AdoptShuffle{shuffle.value, reduces, {maps.begin(), maps.end()}, source->second.peer});
  }
  void copyBlock(RddId rdd, int partition, ExecutorId from, ExecutorId to) override {
    auto source = executors_.find(from);
    if (source == executors_.end()) return;
    const auto level = static_cast<uint8_t>(encoder_.levelOf(rdd));
    sendTo(to, protocol::ReplicateBlock{rdd.value, partition, level, source->second.peer});
  }
  void retire(ExecutorId id) override { sendTo(id, protocol::Retire{}); }
  [[nodiscard]] bool isStartingExecutors() const override {
    return std::any_of(executors_.begin(), executors_.end(), [](const auto& each) {
      return !each.second.connection && each.second.killed_at == 0 && !each.second.leaving;
    });
  }
  void letGo(ExecutorId id, const std::string& reason) override {
    auto found = executors_.find(id);
    if (found != executors_.end()) giveUp(id, found->second, reason);
  }
  void want(int executors) override { provider_->want(executors); }
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

  void filesChanged() override { sendToAll(addedFiles()); }

  void tick(Millis now) override {
    const Millis gap = now_ > 0 ? now - now_ : 0;
    now_ = now;
    if (gap > kStoodStill) forgive(gap);
    provider_->tick(now);
    std::vector<ExecutorId> out_of_reach;
    for (auto& [id, executor] : executors_) {
      if (executor.heard_flag.exchange(false) || executor.heard == 0) executor.heard = now;
      const Millis silent = now - executor.heard;
      const Millis limit = executor.connection ? options_.dead_after_ms : executor.start_limit_ms;
      if (!executor.lost_connection.empty() && executor.lost_at == 0) executor.lost_at = now;
      if (executor.end_seen) continue;
      if (executor.killed_at > 0) {
        if (now - executor.killed_at > kAfterKill) out_of_reach.push_back(id);
      } else if (!executor.lost_connection.empty()) {
        if (now - executor.lost_at > kAfterConnection)
          giveUp(id, executor, "its connection broke: " + executor.lost_connection);
      } else if (silent > limit) {
        giveUp(id, executor,
               executor.connection ? fmt::format("it sent no heartbeat for {} s", silent / 1000)
                                   : fmt::format("it did not register within {} s of its start", silent / 1000));
      }
    }
    for (ExecutorId id : out_of_reach) ended(id, {false, {}, {}, {}}, "");
    for (auto at = early_.begin(); at != early_.end();) {
      if (at->second.until == 0) at->second.until = now + kGrantLimit;
      if (now <= at->second.until) {
        ++at;
        continue;
      }
      log::warn("executor {} is refused: nobody granted it", at->first.value);
      at->second.connection->close();
      at = early_.erase(at);
    }
  }

  [[nodiscard]] int defaultParallelism() const override { return std::max(2, provider_->cores()); }
  [[nodiscard]] std::string logDir() const override { return provider_->logDir(); }

  // ---- ProviderEvents

  void executorStarting(ExecutorId id, std::string log, int64_t limit_ms) override {
    post([this, id, log = std::move(log), limit_ms] {
      Remote& executor = executors_[id];
      executor.log = log;
      executor.start_limit_ms = limit_ms;
      if (auto early = early_.extract(id)) registerExecutor(early.mapped().connection, early.mapped().hello);
    });
  }
  void executorLogIs(ExecutorId id, std::string log) override {
    post([this, id, log = std::move(log)] {
      auto found = executors_.find(id);
      if (found != executors_.end()) found->second.log = log;
    });
  }
  void executorEnded(ExecutorId id, ExecutorEnd end) override {
    if (!end.process.crashed) return post([this, id, end = std::move(end)] { ended(id, end, ""); });
    post([this, id] {
      auto found = executors_.find(id);
      if (found != executors_.end()) found->second.end_seen = true;
    });
    // The debug information of a large program takes a second to read: the loop must not wait for it.
    symbols_.run([this, id, end = std::move(end)] {
      post([this, id, end, stack = describeStack(end.process.record)] { ended(id, end, stack); });
    });
  }
  void executorLeaving(ExecutorId id, std::string reason) override {
    post([this, id] {
      auto found = executors_.find(id);
      if (found != executors_.end()) found->second.leaving = true;
    });
    events_->executorLeaving(id, std::move(reason));
  }
  void providerFailed(std::string reason) override { events_->backendFailed(std::move(reason)); }

 private:
  struct Remote {
    std::string log;
    Millis start_limit_ms = 0;
    rpc::ConnectionPtr connection;  ///< Set once it has registered.
    protocol::Peer peer;
    ToldExecutor told;
    Millis heard = 0;
    std::atomic<bool> heard_flag{false};
    std::string lost_connection;  ///< Why, once it broke.
    Millis lost_at = 0;           ///< The first tick after that.
    bool end_seen = false;        ///< Its process has ended, and its crash is being looked into.
    std::string killed_because;   ///< Set once it was given up.
    Millis killed_at = 0;
    bool leaving = false;  ///< Its machine does; its end is not its tasks' fault.
  };

  /// Registered before it was granted.
  struct Early {
    rpc::ConnectionPtr connection;
    protocol::Hello hello;
    Millis until = 0;  ///< Set at the first tick.
  };

  void post(std::function<void()> action) { events_->post(std::move(action)); }

  [[nodiscard]] bool hasExecutors() const {
    return std::any_of(executors_.begin(), executors_.end(),
                       [](const auto& each) { return each.second.connection != nullptr; });
  }

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

  // ---- their life (on the loop's thread)

  /// This process stood still, in a debugger or with its machine: what others did meanwhile waits to be read.
  void forgive(Millis gap) {
    for (auto& [id, executor] : executors_) {
      executor.heard += executor.heard > 0 ? gap : 0;
      executor.lost_at += executor.lost_at > 0 ? gap : 0;
      executor.killed_at += executor.killed_at > 0 ? gap : 0;
    }
  }

  void giveUp(ExecutorId id, Remote& executor, const std::string& reason) {
    if (executor.killed_at > 0) return;
    executor.killed_because = reason;
    executor.killed_at = std::max<Millis>(1, now_);
    provider_->kill(id, reason);
  }

  static std::string describe(const ExecutorEnd& end) {
    std::string text =
        !end.seen ? "its machine cannot be reached"
        : end.process.crashed && end.process.record.signal == 0
            ? fmt::format("a task called exit({})", end.process.record.exit_status)
        : end.process.signal > 0
            ? fmt::format("its process was killed by signal {} ({})", end.process.signal, strsignal(end.process.signal))
            : fmt::format("its process exited with status {}", end.process.exit_status);
    return end.reason.empty() ? text : text + ": " + end.reason;
  }

  void ended(ExecutorId id, const ExecutorEnd& end, const std::string& stack) {
    auto found = executors_.find(id);
    if (found == executors_.end()) return;
    const bool registered = found->second.connection != nullptr;
    const std::string log = found->second.log;
    const std::string given_up = found->second.killed_because;
    // A process that we did not end died of what it ran: a crash, the memory limit, a kill. Its tasks are suspect, and
    // count as tried, so that one that always kills its executor ends.
    Failure failure;
    const bool by_itself = given_up.empty() && end.seen && !found->second.leaving;
    failure.kind = by_itself ? Failure::Kind::kCrash : Failure::Kind::kExecutorLost;
    failure.message = given_up.empty() ? describe(end) : given_up;
    failure.signal = end.process.signal;
    failure.stack = stack;
    if (registered && !log.empty()) failure.message += "; its log is " + log;
    const rpc::Endpoint blocks{found->second.peer.host, found->second.peer.port};
    if (registered) found->second.connection->close();
    executors_.erase(found);
    encoder_.forgetExecutor(id);
    broadcasts_.forgetHolder(id);
    barriers_.executorGone(id);
    if (registered) {
      sendToAll(protocol::ExecutorLost{id.value, failure.message});
      fetcher_->executorLost(blocks, failure.message);
      start_failures_ = 0;
      std::vector<TaskId> guilty;
      if (end.process.crashed && end.process.record.task >= 0) guilty.push_back(TaskId(end.process.record.task));
      events_->executorLost(id, failure, guilty);
      return;
    }
    log::warn("executor {} ended before it registered: {}", id.value, failure.message);
    if (++start_failures_ >= kMaxStartFailures && !hasExecutors()) {
      provider_->want(0);
      events_->backendFailed(fmt::format("{} executors in a row ended before they registered; the last one: {}\n{}",
                                         start_failures_, failure.message, end.log_end));
    }
  }

  // ---- messages (on the transport's thread, up to post)

  rpc::Handlers welcome(const rpc::ConnectionPtr& connection) {
    protocol::Welcome welcome;
    welcome.application = options_.application;
    welcome.memory_bytes = options_.memory_bytes;
    welcome.heartbeat_ms = options_.heartbeat_ms;
    welcome.barrier_ms = options_.barrier_ms;
    welcome.local_dirs = options_.local_dirs;
    connection->send(protocol::encode(std::move(welcome)));
    auto who = std::make_shared<ExecutorId>();
    return {[this, who](const rpc::ConnectionPtr& from, Bytes bytes) { onMessage(from, *who, bytes); },
            [this, who](const rpc::ConnectionPtr&, const std::string& reason) {
              if (who->valid()) post([this, id = *who, reason] { connectionClosed(id, reason); });
            }};
  }

  void connectionClosed(ExecutorId id, const std::string& reason) {
    early_.erase(id);
    auto found = executors_.find(id);
    if (found == executors_.end() || found->second.killed_at > 0 || stopped_) return;
    // A process that dies closes its connection first, and its watcher knows more; one that lives without a connection
    // is of no use.
    found->second.lost_connection = reason;
  }

  void onMessage(const rpc::ConnectionPtr& from, ExecutorId& who, const Bytes& bytes) {
    try {
      auto message = protocol::decode(bytes);
      if (std::holds_alternative<protocol::Hello>(message) == who.valid())
        throw CorruptData(who.valid() ? "it introduces itself twice" : "it did not introduce itself");
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
    if (found == executors_.end() && !stopped_) {  // its grant takes another way here, and may take longer
      early_.insert_or_assign(id, Early{from, hello, 0});
      return;
    }
    if (found == executors_.end() || found->second.connection) return from->close();
    found->second.connection = from;
    found->second.peer = {hello.executor, hello.host, hello.block_port};
    found->second.heard_flag = true;
    start_failures_ = 0;
    encoder_.addPeer(found->second.peer);
    sendTo(id, addedFiles());
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

  void on(const rpc::ConnectionPtr&, ExecutorId& who, protocol::ShuffleAdopted& adopted) {
    events_->shuffleMoved(ShuffleId(adopted.shuffle), {adopted.maps.begin(), adopted.maps.end()},
                          ExecutorId(adopted.from), who, std::move(adopted.failure));
  }
  void on(const rpc::ConnectionPtr&, ExecutorId& who, protocol::Retired&) {
    post([this, id = who] { provider_->retired(id); });
    events_->executorRetired(who);
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

  const RemoteOptions options_;
  const std::unique_ptr<ExecutorProvider> provider_;
  BackendEvents* events_ = nullptr;
  std::atomic<bool> stopped_{false};
  rpc::Endpoint blocks_;  ///< Where executors fetch broadcasts.

  // Owned by the loop's thread.
  std::map<ExecutorId, Remote> executors_;
  std::map<ExecutorId, Early> early_;
  LaunchEncoder encoder_;
  BarrierDesk barriers_;
  Millis now_ = 0;  ///< Of the last tick.
  int start_failures_ = 0;

  BroadcastDesk broadcasts_;  // thread-safe
  std::unique_ptr<ResultFetcher> fetcher_;
  std::unique_ptr<rpc::Transport> transport_;
  SerialThread symbols_{"cerium-symbols"};
};

}  // namespace

std::unique_ptr<ClusterBackend> makeRemoteBackend(RemoteOptions options, std::unique_ptr<ExecutorProvider> provider) {
  return std::make_unique<RemoteBackend>(std::move(options), std::move(provider));
}

}  // namespace cerium
