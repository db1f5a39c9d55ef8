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

  using ClusterBackend::carryOut;

  // TaskLauncher

  void launch(const out::Launch& launch, std::vector<TaskLaunch> tasks) override {
    auto found = executors_.find(launch.executor);
    if (found == executors_.end()) return;
    std::vector<TaskReport> unsent;
    for (auto& message : encoder_.encode(found->second.told, launch, tasks, unsent))
      found->second.connection->send(protocol::encode(std::move(message)));
    for (TaskReport& report : unsent) events_->taskEnded(launch.executor, {std::move(report), {}, {}});
  }
  void fetchResult(ExecutorId id, FinishedTask task) override {
    auto found = executors_.find(id);
    if (found == executors_.end()) return;  // its loss is on the way to the scheduler
    const protocol::Peer& peer = found->second.peer;
    fetcher_->fetch({id, {peer.host, peer.port}, found->second.connection}, std::move(task));
  }
  void carryOut(const out::KillTask& kill) override {
    sendTo(kill.executor, protocol::KillTask{kill.task.value, kill.reason});
    barriers_.taskKilled(kill.executor, kill.task);
  }
  void carryOut(const out::TaskGone& gone) override { barriers_.taskGone(gone.task); }
  void carryOut(const out::DropResult& drop) override { sendTo(drop.executor, protocol::DropResult{drop.task.value}); }
  void carryOut(const out::DropStage& drop) override {
    encoder_.forgetStage(drop.stage);
    barriers_.forgetStage(drop.stage);
    for (auto& [id, executor] : executors_) {
      if (executor.told.stages.erase(drop.stage) > 0) sendTo(id, protocol::DropStages{{drop.stage.value}});
    }
  }

  // ExecutorControl

  void carryOut(const out::EndExecutor& end) override { giveUp(end.executor, "others cannot reach it: " + end.reason); }
  void carryOut(const out::LetGo& let_go) override { giveUp(let_go.executor, let_go.reason); }
  void carryOut(const out::RetireExecutor& retire) override { sendTo(retire.executor, protocol::Retire{}); }
  void carryOut(const out::WantExecutors& want) override { provider_->want(want.executors); }
  void carryOut(const out::MoveShuffle& move) override {
    auto source = executors_.find(move.from);
    if (source == executors_.end()) return;
    sendTo(move.to,
           protocol::AdoptShuffle{move.shuffle.value, move.reduces, move.maps, move.checksums, source->second.peer});
  }
  void carryOut(const out::CopyBlock& copy) override {
    auto source = executors_.find(copy.from);
    if (source == executors_.end()) return;
    sendTo(copy.to, protocol::ReplicateBlock{copy.rdd.value, copy.partition, static_cast<uint8_t>(copy.level),
                                             source->second.peer});
  }
  void carryOut(const out::DropShuffle& drop) override {
    for (auto& [id, executor] : executors_) {
      executor.told.shuffles.erase(drop.shuffle);
      sendTo(id, protocol::DropShuffle{drop.shuffle.value});
    }
  }
  void carryOut(const out::DropRdd& drop) override { sendToAll(protocol::DropRdd{drop.rdd.value}); }
  [[nodiscard]] bool reaches(ExecutorId id) const override { return monitor_.isHeard(id); }
  [[nodiscard]] bool isStartingExecutors() const override { return !monitor_.starting().empty(); }

  // BroadcastStore

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
    events_->happened(in::ExecutorLeaving{id, std::move(reason)});
  }
  void providerFailed(std::string reason) override { events_->happened(in::BackendFailed{std::move(reason)}); }

 private:
  /// One that has registered.
  struct Remote {
    rpc::ConnectionPtr connection;
    protocol::Peer peer;
    ToldExecutor told;
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
    events_->happened(in::ExecutorLost{id, std::move(loss->failure), std::move(loss->guilty)});
  }

  void startFailed(ExecutorId id, const std::string& why, const std::string& log_end) {
    log::warn("executor {} ended before it registered: {}", id.value, why);
    if (++start_failures_ < kMaxStartFailures || !executors_.empty()) return;
    provider_->want(0);
    events_->happened(in::BackendFailed{fmt::format(
        "{} executors in a row ended before they registered; the last one: {}\n{}", start_failures_, why, log_end)});
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
    welcome.reads_ahead = options_.reads_ahead;
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
    executors_[id] = {from, peer, {}};
    monitor_.registered(id);
    start_failures_ = 0;
    encoder_.addPeer(peer);
    sendTo(id, addedFiles(options_.context));
    events_->happened(in::ExecutorAdded{
        .executor = id, .host = hello.host, .cores = hello.cores, .memory_bytes = options_.memory_bytes});
  }

  /// That its bytes came is the sign of life (ExecutorMonitor::received).
  void on(const rpc::ConnectionPtr&, ExecutorId& who, protocol::Heartbeat& heartbeat) {
    events_->happened(in::ExecutorUses{.executor = who, .memory = heartbeat.memory_used, .disk = heartbeat.disk_used});
  }

  void on(const rpc::ConnectionPtr&, ExecutorId& who, protocol::TasksEnded& ended) {
    for (auto& task : ended.tasks) events_->taskEnded(who, fromMessage(task));
  }

  static FinishedTask fromMessage(protocol::TaskEnd& task) {
    FinishedTask finished;
    TaskReport& report = finished.report;
    report.id = TaskId(task.task);
    if (task.outcome > protocol::TaskEnd::kKilled) throw CorruptData("a task ended in an unknown way");
    report.outcome = static_cast<TaskEnd::Outcome>(task.outcome);
    report.map_checksum = task.map_checksum;
    report.map_sizes = decodeSizes(task.map_sizes);
    report.message = std::move(task.message);
    report.exception_type = std::move(task.exception_type);
    report.call_site = std::move(task.call_site);
    report.shuffle = ShuffleId(task.shuffle);
    report.map = task.map;
    report.source = ExecutorId(task.source);
    finished.encoded_result = std::move(task.result);
    report.kept = task.kept_bytes > 0;
    for (auto& update : task.accumulators)
      finished.encoded_cells.emplace_back(AccumulatorId(update.id), std::move(update.cell));
    report.metrics = task.metrics;
    report.metrics.result_bytes = static_cast<int64_t>(report.kept ? task.kept_bytes : finished.encoded_result.size());
    return finished;
  }

  void on(const rpc::ConnectionPtr&, ExecutorId& who, protocol::BlocksChanged& changed) {
    for (const auto& block : changed.blocks) {
      BlockChange change{RddId(block.rdd), block.partition, block.present, block.memory, block.disk};
      events_->happened(in::BlockChanged{who, change});
    }
  }

  void on(const rpc::ConnectionPtr&, ExecutorId& who, protocol::ShuffleAdopted& adopted) {
    events_->happened(in::ShuffleMoved{ShuffleId(adopted.shuffle),
                                       {adopted.maps.begin(), adopted.maps.end()},
                                       ExecutorId(adopted.from),
                                       who,
                                       std::move(adopted.failure)});
  }
  void on(const rpc::ConnectionPtr&, ExecutorId& who, protocol::Retired&) {
    post([this, id = who] { provider_->retired(id); });
    events_->happened(in::ExecutorRetired{who});
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
