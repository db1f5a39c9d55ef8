// Cerium. Licensed under the Apache License 2.0.
#include "driver/backend/remote_backend.h"

#include <fmt/format.h>

#include <atomic>
#include <map>

#include "base/protocol/messages.h"
#include "base/rpc/transport.h"
#include "base/util/exception_text.h"
#include "base/util/log.h"
#include "driver/backend/added_files.h"
#include "driver/backend/barrier_service.h"
#include "driver/backend/broadcast_server.h"
#include "driver/backend/executor_monitor.h"
#include "driver/backend/launch_encoder.h"
#include "driver/backend/result_fetcher.h"
#include "rdd/accumulator_registry.h"
#include "rdd/entry_table.h"

namespace cerium {
namespace {

constexpr int kMaxStartFailures = 10;  // in a row, without any executor that registered in between
constexpr Millis kGrantLimit = 5'000;

class RemoteBackend final : public ClusterBackend, public ProviderEvents {
 public:
  RemoteBackend(RemoteOptions options, std::unique_ptr<ExecutorProvider> provider)
      : options_(std::move(options)),
        provider_(std::move(provider)),
        monitor_(options_.dead_after_ms),
        encoder_(options_.context),
        broadcasts_(options_.broadcast_chunk) {}
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
    sendToAll(protocol::Shutdown{"the application ends"});
    for (ExecutorId id : monitor_.starting()) provider_->kill(id, "the application ends");
    provider_->stop();
    symbols_.stop();
    executors_.clear();
    fetcher_.reset();
    transport_.reset();
  }

  void launch(ExecutorId id, std::vector<TaskLaunch> tasks, const DagScheduler& dag) override {
    auto found = executors_.find(id);
    if (found == executors_.end()) return;
    std::vector<TaskReport> unsent;
    for (auto& message : encoder_.encode(found->second.told, tasks, dag, unsent))
      found->second.connection->send(protocol::encode(std::move(message)));
    for (TaskReport& report : unsent) {
      TaskEndEvent event;
      event.executor = id;
      event.report = std::move(report);
      events_->taskEnded(std::move(event));
    }
  }
  void fetchResult(TaskEndEvent event) override {
    auto found = executors_.find(event.executor);
    if (found == executors_.end()) return;  // its loss is on the way to the schedulers
    fetcher_->fetch({found->second.peer.host, found->second.peer.port}, found->second.connection, std::move(event));
  }
  void dropResult(ExecutorId id, TaskId task) override { sendTo(id, protocol::DropResult{task.value}); }
  void kill(ExecutorId id, TaskId task, const std::string& reason) override {
    sendTo(id, protocol::KillTask{task.value, reason});
    barriers_.taskKilled(id, task);
  }
  void taskGone(TaskId task) override { barriers_.taskGone(task); }
  void endExecutor(ExecutorId id, const std::string& reason) override {
    giveUp(id, "others cannot reach it: " + reason);
  }
  [[nodiscard]] bool reaches(ExecutorId id) const override { return monitor_.isHeard(id); }
  void moveShuffle(ShuffleId shuffle, MovedOutputs outputs, int reduces, ExecutorId from, ExecutorId to) override {
    auto source = executors_.find(from);
    if (source != executors_.end())
      sendTo(to, protocol::AdoptShuffle{shuffle.value, reduces, std::move(outputs.maps), std::move(outputs.checksums),
                                        source->second.peer});
  }
  void copyBlock(RddId rdd, int partition, ExecutorId from, ExecutorId to) override {
    auto source = executors_.find(from);
    if (source == executors_.end()) return;
    const auto level = static_cast<uint8_t>(encoder_.levelOf(rdd));
    sendTo(to, protocol::ReplicateBlock{rdd.value, partition, level, source->second.peer});
  }
  void retire(ExecutorId id) override { sendTo(id, protocol::Retire{}); }
  [[nodiscard]] bool isStartingExecutors() const override { return !monitor_.starting().empty(); }
  void letGo(ExecutorId id, const std::string& reason) override { giveUp(id, reason); }
  void want(int executors) override { provider_->want(executors); }
  void dropStage(StageId stage) override {
    encoder_.forgetStage(stage);
    barriers_.forgetStage(stage);
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
  void dropCached(RddId rdd) override {
    encoder_.forgetBlocks(rdd);
    sendToAll(protocol::DropRdd{rdd.value});
  }
  void dropBroadcast(BroadcastId id) override {
    broadcasts_.forgetHolders(id);
    sendToAll(protocol::DropBroadcast{id.value});
  }
  void addBroadcast(BroadcastId id, std::function<Bytes()> encode) override { broadcasts_.add(id, std::move(encode)); }
  void removeBroadcast(BroadcastId id) override { broadcasts_.remove(id); }

  void filesChanged() override { sendToAll(addedFiles(options_.context)); }

  void tick(Millis now) override {
    provider_->tick(now);
    for (auto& [id, executor] : executors_) monitor_.received(id, executor.connection->receivedBytes());
    const auto orders = monitor_.tick(now);
    for (const auto& [id, reason] : orders.kill) provider_->kill(id, reason);
    for (ExecutorId id : orders.out_of_reach) ended(id, {false, {}, {}, {}}, "");
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
      monitor_.starting(id, log, limit_ms);
      if (auto early = early_.extract(id)) registerExecutor(early.mapped().connection, early.mapped().hello);
    });
  }
  void executorLogIs(ExecutorId id, std::string log) override {
    post([this, id, log = std::move(log)] { monitor_.logIs(id, log); });
  }
  void executorEnded(ExecutorId id, ExecutorEnd end) override {
    if (!end.process.crashed) return post([this, id, end = std::move(end)] { ended(id, end, ""); });
    post([this, id] { monitor_.endSeen(id); });
    // The debug information of a large program takes a second to read: the loop must not wait for it.
    symbols_.run([this, id, end = std::move(end)] {
      post([this, id, end, stack = describeStack(end.process.record)] { ended(id, end, stack); });
    });
  }
  void executorLeaving(ExecutorId id, std::string reason) override {
    post([this, id] { monitor_.leaves(id); });
    events_->executorLeaving(id, std::move(reason));
  }
  void providerFailed(std::string reason) override { events_->backendFailed(std::move(reason)); }

 private:
  /// One that has registered.
  struct Remote {
    rpc::ConnectionPtr connection;
    protocol::Peer peer;
    ToldExecutor told;
    bool retired = false;  ///< It gave its memory back: no copies of blocks for it.
  };

  /// Registered before it was granted.
  struct Early {
    rpc::ConnectionPtr connection;
    protocol::Hello hello;
    Millis until = 0;  ///< Set at the first tick.
  };

  void post(std::function<void()> action) { events_->post(std::move(action)); }

  void sendTo(ExecutorId id, protocol::Message message) {
    auto found = executors_.find(id);
    if (found != executors_.end()) found->second.connection->send(protocol::encode(message));
  }
  void sendToAll(const protocol::Message& message) {
    for (auto& [id, executor] : executors_) executor.connection->send(protocol::encode(message));
  }

  // ---- their life (on the loop's thread)

  void giveUp(ExecutorId id, const std::string& reason) {
    if (monitor_.giveUp(id, reason)) provider_->kill(id, reason);
  }

  void ended(ExecutorId id, const ExecutorEnd& end, const std::string& stack) {
    auto loss = monitor_.ended(id, end);
    if (!loss) return;
    loss->failure.stack = stack;
    if (!loss->registered) return startFailed(id, loss->failure.message, end.log_end);
    auto remote = executors_.extract(id);
    remote.mapped().connection->close();
    encoder_.forgetExecutor(id);
    for (auto& [other, executor] : executors_) executor.told.peers.erase(id.value);
    broadcasts_.forgetHolder(id);
    barriers_.executorGone(id);
    sendToAll(protocol::ExecutorLost{id.value, loss->failure.message});
    const protocol::Peer& peer = remote.mapped().peer;
    fetcher_->executorLost({peer.host, peer.port}, loss->failure.message);
    start_failures_ = 0;
    events_->executorLost(id, std::move(loss->failure), std::move(loss->guilty));
  }

  void startFailed(ExecutorId id, const std::string& why, const std::string& log_end) {
    log::warn("executor {} ended before it registered: {}", id.value, why);
    if (++start_failures_ < kMaxStartFailures || !executors_.empty()) return;
    provider_->want(0);
    events_->backendFailed(fmt::format("{} executors in a row ended before they registered; the last one: {}\n{}",
                                       start_failures_, why, log_end));
  }

  // ---- messages (on the transport's thread, up to post)

  rpc::Handlers welcome(const rpc::ConnectionPtr& connection) {
    protocol::Welcome welcome;
    welcome.application = options_.application;
    welcome.memory_bytes = options_.memory_bytes;
    welcome.process_limit = options_.process_limit;
    welcome.heartbeat_ms = options_.heartbeat_ms;
    welcome.barrier_ms = options_.barrier_ms;
    welcome.kill_timeout_ms = options_.kill_timeout_ms;
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
    if (!stopped_) monitor_.connectionBroke(id, reason);
  }

  void onMessage(const rpc::ConnectionPtr& from, ExecutorId& who, const Bytes& bytes) {
    try {
      auto message = protocol::decode(bytes);
      if (std::holds_alternative<protocol::Hello>(message) == who.valid())
        throw CorruptData(who.valid() ? "it introduces itself twice" : "it did not introduce itself");
      std::visit([&](auto& each) { on(from, who, each); }, message);
    } catch (...) {
      log::warn("a connection from {} is closed: {}", from->peer(), currentExceptionText().message);
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
    const bool is_granted = monitor_.knows(id);
    if (!is_granted && !stopped_) {  // its grant takes another way here, and may take longer
      early_.insert_or_assign(id, Early{from, hello, 0});
      return;
    }
    if (!is_granted || executors_.contains(id)) return from->close();
    const protocol::Peer peer{hello.executor, hello.host, hello.block_port};
    executors_[id] = {from, peer, {}, false};
    monitor_.registered(id);
    start_failures_ = 0;
    encoder_.addPeer(peer);
    sendTo(id, addedFiles(options_.context));
    events_->executorAdded(id, {.host = hello.host, .cores = hello.cores, .memory_bytes = options_.memory_bytes});
  }

  /// That its bytes came is the sign of life (ExecutorMonitor::received).
  void on(const rpc::ConnectionPtr&, ExecutorId& who, protocol::Heartbeat& heartbeat) {
    events_->executorUses(who, {.memory = heartbeat.memory_used, .disk = heartbeat.disk_used});
  }

  void on(const rpc::ConnectionPtr&, ExecutorId& who, protocol::TasksEnded& ended) {
    for (auto& task : ended.tasks) {
      TaskEndEvent event;
      event.executor = who;
      fromMessage(task, event);
      events_->taskEnded(std::move(event));
    }
  }

  static void fromMessage(protocol::TaskEnd& task, TaskEndEvent& event) {
    TaskReport& report = event.report;
    report.id = TaskId(task.task);
    if (task.outcome > protocol::TaskEnd::kKilled) throw CorruptData("a task ended in an unknown way");
    report.outcome = static_cast<TaskReport::Outcome>(task.outcome);
    report.map_checksum = task.map_checksum;
    report.message = std::move(task.message);
    report.exception_type = std::move(task.exception_type);
    report.call_site = std::move(task.call_site);
    report.shuffle = ShuffleId(task.shuffle);
    report.map = task.map;
    report.source = ExecutorId(task.source);
    event.encoded_result = std::move(task.result);
    event.kept = task.kept_bytes > 0;
    for (auto& update : task.accumulators)
      event.encoded_cells.emplace_back(AccumulatorId(update.id), std::move(update.cell));
    report.metrics = task.metrics;
    report.metrics.result_bytes = static_cast<int64_t>(event.kept ? task.kept_bytes : event.encoded_result.size());
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
    auto from = executors_.find(holder);
    if (from == executors_.end()) return;
    for (auto next = std::next(from); next != from; ++next) {
      if (next == executors_.end()) next = executors_.begin();
      if (next == from) return;
      if (next->second.retired || monitor_.isLeaving(next->first)) continue;
      return sendTo(next->first, protocol::ReplicateBlock{change.rdd.value, change.partition,
                                                          static_cast<uint8_t>(level), from->second.peer});
    }
  }

  void on(const rpc::ConnectionPtr&, ExecutorId& who, protocol::ShuffleAdopted& adopted) {
    events_->shuffleMoved(ShuffleId(adopted.shuffle), {adopted.maps.begin(), adopted.maps.end()},
                          ExecutorId(adopted.from), who, std::move(adopted.failure));
  }
  void on(const rpc::ConnectionPtr&, ExecutorId& who, protocol::Retired&) {
    post([this, id = who] {
      auto found = executors_.find(id);
      if (found != executors_.end()) found->second.retired = true;
      provider_->retired(id);
    });
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
  ExecutorMonitor monitor_;
  std::map<ExecutorId, Remote> executors_;  ///< Those of them that have registered.
  std::map<ExecutorId, Early> early_;
  LaunchEncoder encoder_;
  BarrierService barriers_;
  int start_failures_ = 0;

  BroadcastServer broadcasts_;  // thread-safe
  std::unique_ptr<ResultFetcher> fetcher_;
  std::unique_ptr<rpc::Transport> transport_;
  SerialThread symbols_{"cerium-symbols"};
};

}  // namespace

std::unique_ptr<ClusterBackend> makeRemoteBackend(RemoteOptions options, std::unique_ptr<ExecutorProvider> provider) {
  return std::make_unique<RemoteBackend>(std::move(options), std::move(provider));
}

}  // namespace cerium
