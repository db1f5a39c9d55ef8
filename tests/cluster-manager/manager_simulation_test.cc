// Cerium. Licensed under the Apache License 2.0.
// A manager's state machine with simulated workers, applications and submitters, under every fault that they must bear:
// connections break at one end before the other, workers freeze, die and come back after they were given up, drivers
// vanish, and the manager itself is cut off, or killed and restarted from its journal. CERIUM_SIM_SEEDS=5000 runs more
// seeds, CERIUM_SIM_SEED=17 only that one.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <memory>
#include <optional>
#include <set>

#include "cluster-manager/manager/manager_state.h"
#include "tests/support/simulated_cluster.h"

namespace cerium::cluster_manager {
namespace {

using namespace protocol;
using test::EventQueue;
using test::Random;

constexpr Millis kChaosEnds = 60'000;
constexpr Millis kSettled = kChaosEnds + 60'000;  // leaves time for time-outs, pauses and relaunches
constexpr Millis kTheEnd = kSettled + 60'000;
constexpr uint64_t kMiB = uint64_t{1} << 20;

/// The first violation; the test reports it with its seed.
struct Wrong : std::runtime_error {
  using std::runtime_error::runtime_error;
};

void demand(bool is_true, const std::string& otherwise) {
  if (!is_true) throw Wrong(otherwise);
}

/// A connection whose ends learn at different times that it broke.
struct Link {
  std::function<void(const ClusterMessage&)> on_message;  // called for the manager's peer
  std::function<void()> on_close;                         // called for the manager's peer
  bool broken = false;
  bool manager_knows = false;
  bool peer_knows = false;
  Millis last_to_manager = 0;
  Millis last_to_peer = 0;
};

struct SimulatedWorker {
  RegisterWorker as;
  bool alive = true;
  bool leaving = false;
  ConnectionId connection = kNoConnection;
  bool accepted = false;  // on this connection; ends are reported from then on, each once
  Millis paused_until = 0;
  std::map<ExecutorKey, Share> executors;
  std::map<std::string, Share> drivers;
  // Ends that the manager has not noted yet.
  std::set<ExecutorKey> ended_executors;
  std::map<std::string, ExitInfo> ended_drivers;
};

struct SimulatedApplication {
  RegisterApplication as;
  bool alive = true;  // whether its driver is alive
  bool ended = false;
  ConnectionId connection = kNoConnection;
  std::set<int64_t> executors;
  std::set<int64_t> ever;
  std::string waits;
};

struct SimulatedDriver {
  DriverOrder order;
  int starts = 0;
  std::string state;
};

class Simulation {
 public:
  explicit Simulation(uint64_t seed) : random_(seed) {
    longest_delay_ = random_.any<Millis>({0, 5, 300});
    restarts_ = random_.chance(0.6);
    losses_ = random_.any<double>({0, 0.02, 0.1});
    options_.spread_out = random_.chance(0.7);
  }

  void run() {
    startManager();
    for (int64_t n = random_.between(1, 12); n > 0; --n) events_.after(random_.upTo(20'000), [this] { addWorker(); });
    for (int64_t n = random_.between(1, 8); n > 0; --n)
      events_.after(random_.upTo(40'000), [this] { addApplication(); });
    for (int64_t n = random_.upTo(4); n > 0; --n) events_.after(random_.upTo(40'000), [this] { submitDriver(); });
    events_.after(100, [this] { tick(); });
    events_.after(random_.between(1, 2'000), [this] { misfortune(); });
    events_.after(kSettled, [this] { checkSettled(); });
    while (events_.now() < kTheEnd && events_.step()) check();
    checkTheEnd();
  }

 private:
  [[nodiscard]] bool chaosIsOver() const { return events_.now() >= kChaosEnds; }
  Millis delay() { return random_.upTo(random_.chance(0.05) ? longest_delay_ * 10 : longest_delay_); }

  // The manager and its connections.

  void startManager() {
    state_.emplace(options_);
    Instructions instructions = state_->recover(journal_, events_.now());
    journal_ = state_->snapshot();
    carryOut(std::move(instructions));
  }

  void killManager() {
    if (!state_) return;
    state_.reset();
    for (auto& [id, link] : links_) {
      link.manager_knows = true;
      breakLink(id);
    }
    events_.after(random_.upTo(8'000), [this] { startManager(); });
  }

  void tick() {
    events_.after(100, [this] { tick(); });
    if (state_) carryOut(state_->tick(events_.now()));
  }

  void carryOut(Instructions instructions) {
    for (const Instruction& each : instructions) {
      if (const auto* keep = std::get_if<Keep>(&each)) journal_.push_back(keep->record);
      if (const auto* message = std::get_if<Send>(&each)) sendToPeer(message->to, message->message);
      if (const auto* close = std::get_if<Close>(&each)) {
        // Messages sent before arrive before the end.
        const Link& link = links_.at(close->connection);
        const Millis wait = std::max<Millis>(link.last_to_peer - events_.now(), 0);
        events_.after(wait, [this, id = close->connection] { breakLink(id); });
      }
    }
  }

  std::optional<ConnectionId> connect(std::function<void(const ClusterMessage&)> on_message,
                                      std::function<void()> on_close) {
    if (!state_ || cut_off_until_ > events_.now()) return std::nullopt;
    const ConnectionId id = next_connection_++;
    links_[id] = {.on_message = std::move(on_message), .on_close = std::move(on_close)};
    return id;
  }

  void sendToPeer(ConnectionId id, const ClusterMessage& message) {
    Link& link = links_.at(id);
    if (link.broken) return;
    link.last_to_peer = std::max({events_.now() + delay(), link.last_to_peer, cut_off_until_});
    events_.after(link.last_to_peer - events_.now(), [this, id, message] {
      if (!links_.at(id).peer_knows) links_.at(id).on_message(message);
    });
  }

  void sendToManager(ConnectionId id, const ClusterMessage& message) {
    if (id == kNoConnection) return;
    Link& link = links_.at(id);
    if (link.broken) return;
    link.last_to_manager = std::max({events_.now() + delay(), link.last_to_manager, cut_off_until_});
    events_.after(link.last_to_manager - events_.now(), [this, id, message] {
      if (!links_.at(id).manager_knows) carryOut(state_->received(id, message, events_.now()));
    });
  }

  void breakLink(ConnectionId id) {
    Link& link = links_.at(id);
    if (link.broken) return;
    link.broken = true;
    const bool half_open = random_.chance(0.3);
    events_.after(delay(), [this, id] {
      if (!std::exchange(links_.at(id).peer_knows, true)) links_.at(id).on_close();
    });
    events_.after(delay() + (half_open ? random_.upTo(3'000) : 0), [this, id] {
      if (!std::exchange(links_.at(id).manager_knows, true)) carryOut(state_->disconnected(id, events_.now()));
    });
  }

  // Workers.

  void addWorker() {
    const auto worker = std::make_shared<SimulatedWorker>();
    worker->as.worker = fmt::format("worker-{}", workers_.size());
    worker->as.host = fmt::format("host-{}", random_.upTo(3));
    worker->as.port = static_cast<uint16_t>(1'000 + workers_.size());
    worker->as.cores = static_cast<int32_t>(random_.between(1, 8));
    worker->as.memory = static_cast<uint64_t>(random_.between(1, 16)) * 512 * kMiB;
    workers_.push_back(worker);
    registerWorker(worker);
    heartbeat(worker);
  }

  void registerWorker(const std::shared_ptr<SimulatedWorker>& worker) {
    if (!worker->alive || worker->connection != kNoConnection) return;
    if (isPaused(*worker)) return events_.after(500, [this, worker] { registerWorker(worker); });
    const auto connection = connect([this, worker](const ClusterMessage& m) { toWorker(worker, m); },
                                    [this, worker] { disconnect(worker); });
    if (!connection) return events_.after(random_.between(100, 2'000), [this, worker] { registerWorker(worker); });
    worker->connection = *connection;
    worker->accepted = false;
    RegisterWorker message = worker->as;
    for (const auto& [key, share] : worker->executors)
      message.executors.push_back({key.first, key.second, share.cores, share.memory});
    for (const ExecutorKey& key : worker->ended_executors) message.executors.push_back({key.first, key.second, 0, 0});
    for (const auto& [id, share] : worker->drivers) message.drivers.push_back(id);
    for (const auto& [id, how] : worker->ended_drivers) message.drivers.push_back(id);
    message.leaving = worker->leaving;
    sendToManager(*connection, message);
  }

  void disconnect(const std::shared_ptr<SimulatedWorker>& worker) {
    if (isPaused(*worker)) {  // earlier messages must be handled first
      return events_.after(worker->paused_until - events_.now(), [this, worker] { disconnect(worker); });
    }
    worker->connection = kNoConnection;
    events_.after(random_.between(100, 2'000), [this, worker] { registerWorker(worker); });
  }

  void heartbeat(const std::shared_ptr<SimulatedWorker>& worker) {
    if (!worker->alive) return;
    if (!isPaused(*worker)) sendToManager(worker->connection, WorkerHeartbeat{});
    events_.after(1'000, [this, worker] { heartbeat(worker); });
  }

  [[nodiscard]] bool isPaused(const SimulatedWorker& worker) const { return worker.paused_until > events_.now(); }

  void toWorker(const std::shared_ptr<SimulatedWorker>& worker, const ClusterMessage& message) {
    if (!worker->alive) return;
    if (isPaused(*worker)) {
      return events_.after(worker->paused_until - events_.now(),
                           [this, worker, message] { toWorker(worker, message); });
    }
    if (const auto* launch = std::get_if<LaunchExecutor>(&message)) {
      start(*worker, {launch->cores, launch->memory});
      const ExecutorKey key(launch->application, launch->executor);
      demand(worker->executors.emplace(key, Share{launch->cores, launch->memory}).second, "an executor started twice");
      sendToManager(worker->connection, ExecutorStarted{key.first, key.second, "log"});
      if (random_.chance(0.3) && !chaosIsOver())
        events_.after(random_.upTo(20'000), [this, worker, key] { endExecutor(worker, key); });
    } else if (const auto* end = std::get_if<EndExecutor>(&message)) {
      const ExecutorKey key(end->application, end->executor);
      worker->ended_executors.erase(key);
      events_.after(delay() + random_.upTo(500), [this, worker, key] { endExecutor(worker, key); });
    } else if (const auto* order = std::get_if<LaunchDriver>(&message)) {
      launchDriver(worker, order->order);
    } else if (std::holds_alternative<WorkerAccepted>(message)) {
      worker->accepted = true;
      for (const ExecutorKey& key : worker->ended_executors)
        sendToManager(worker->connection, ExecutorExited{key.first, key.second, {}});
      for (const auto& [id, how] : worker->ended_drivers) sendToManager(worker->connection, DriverExited{id, how});
    } else if (const auto* noted = std::get_if<EndNoted>(&message)) {
      worker->ended_executors.erase({noted->owner, noted->executor});
      if (noted->executor < 0) worker->ended_drivers.erase(noted->owner);
    } else if (const auto* kill = std::get_if<EndDriver>(&message)) {
      worker->ended_drivers.erase(kill->driver);
      endDriver(worker, kill->driver, {.signal = 9});
    } else if (const auto* refused = std::get_if<Refused>(&message)) {
      throw Wrong("a worker was refused: " + refused->reason);
    }
  }

  void start(const SimulatedWorker& worker, Share share) {
    for (const auto& [key, held] : worker.executors) share = {share.cores + held.cores, share.memory + held.memory};
    for (const auto& [id, held] : worker.drivers) share = {share.cores + held.cores, share.memory + held.memory};
    demand(share.cores <= worker.as.cores, "a worker was given more than its cores");
    demand(share.memory <= worker.as.memory, "a worker was given more than its memory");
  }

  void endExecutor(const std::shared_ptr<SimulatedWorker>& worker, const ExecutorKey& key) {
    if (!worker->alive || worker->executors.erase(key) == 0) return;
    worker->ended_executors.insert(key);
    if (worker->accepted) sendToManager(worker->connection, ExecutorExited{key.first, key.second, {}});
  }

  void launchDriver(const std::shared_ptr<SimulatedWorker>& worker, const DriverOrder& order) {
    start(*worker, {order.cores, order.memory});
    demand(worker->drivers.emplace(order.driver, Share{order.cores, order.memory}).second,
           "a driver started twice at the same worker");
    worker->ended_drivers.erase(order.driver);
    SimulatedDriver& driver = drivers_.at(order.driver);
    demand(++driver.starts == 1 || order.supervise, "an unsupervised driver was launched again");
    sendToManager(worker->connection, DriverStarted{order.driver});
    const bool fails = random_.chance(0.5) && !chaosIsOver();
    events_.after(random_.upTo(15'000), [=, this] { endDriver(worker, order.driver, {.exit_status = fails ? 1 : 0}); });
  }

  void endDriver(const std::shared_ptr<SimulatedWorker>& worker, const std::string& id, const ExitInfo& how) {
    if (!worker->alive || worker->drivers.erase(id) == 0) return;
    worker->ended_drivers[id] = how;
    if (worker->accepted) sendToManager(worker->connection, DriverExited{id, how});
  }

  // Applications and submitters.

  void addApplication() {
    const auto application = std::make_shared<SimulatedApplication>();
    RegisterApplication& as = application->as;
    as.application = fmt::format("app-{}", applications_.size());
    as.driver_host = "driver";
    as.driver_port = 1;
    as.cores_max = static_cast<int32_t>(random_.chance(0.5) ? 0 : random_.between(1, 20));
    as.executor_cores = static_cast<int32_t>(random_.upTo(4));
    as.executor_memory = static_cast<uint64_t>(random_.upTo(6)) * 512 * kMiB;
    as.executors_wanted = static_cast<int32_t>(random_.chance(0.5) ? -1 : random_.upTo(10));
    applications_.push_back(application);
    registerApplication(application);
    if (random_.chance(0.6)) events_.after(random_.upTo(kChaosEnds), [this, application] { end(application); });
  }

  void registerApplication(const std::shared_ptr<SimulatedApplication>& application) {
    if (!application->alive || application->ended || application->connection != kNoConnection) return;
    const auto again = [this, application] {
      application->connection = kNoConnection;
      events_.after(random_.between(100, 2'000), [this, application] { registerApplication(application); });
    };
    const auto connection = connect([this, application](const ClusterMessage& m) { toDriver(*application, m); }, again);
    if (!connection) return again();
    application->connection = *connection;
    application->waits.clear();
    application->as.executors.assign(application->executors.begin(), application->executors.end());
    sendToManager(*connection, application->as);
  }

  void toDriver(SimulatedApplication& application, const ClusterMessage& message) {
    if (!application.alive) return;
    if (const auto* granted = std::get_if<ExecutorGranted>(&message)) {
      demand(application.ever.insert(granted->executor).second, "an executor's number came twice");
      application.executors.insert(granted->executor);
    } else if (const auto* gone = std::get_if<ExecutorGone>(&message)) {
      application.executors.erase(gone->executor);
    } else if (const auto* leaving = std::get_if<ExecutorLeaving>(&message)) {
      sendToManager(application.connection, ReleaseExecutor{leaving->executor, "its worker leaves"});
    } else if (const auto* waits = std::get_if<ApplicationWaits>(&message)) {
      application.waits = waits->reason;
    } else if (std::holds_alternative<ApplicationRemoved>(message)) {
      application.ended = true;
      application.executors.clear();
    }
  }

  void end(const std::shared_ptr<SimulatedApplication>& application) {
    if (application->ended || !application->alive) return;
    if (application->connection == kNoConnection)  // a driver waits for its manager to say good-bye
      return events_.after(500, [this, application] { end(application); });
    sendToManager(application->connection, EndApplication{});
    application->alive = false;
    const ConnectionId connection = application->connection;
    events_.after(longest_delay_ * 10, [this, connection] { breakLink(connection); });
  }

  void submitDriver() {
    DriverOrder order;
    order.driver = fmt::format("driver-{}", drivers_.size());
    order.cores = static_cast<int32_t>(random_.between(1, 3));
    order.memory = 512 * kMiB;
    order.supervise = random_.chance(0.5);
    drivers_[order.driver].order = order;
    askFor(order);
    if (random_.chance(0.2)) events_.after(random_.upTo(20'000), [this, order] { kill(order.driver); });
  }
  void askFor(const DriverOrder& order) {
    const auto again = [this, order] {
      if (drivers_.at(order.driver).state.empty() || random_.chance(0.5))
        events_.after(random_.between(100, 1'000), [this, order] { askFor(order); });
    };
    const auto connection = connect(
        [this](const ClusterMessage& message) {
          if (const auto* status = std::get_if<DriverStatus>(&message))
            drivers_.at(status->driver).state = status->state;
        },
        again);
    if (!connection) return again();
    sendToManager(*connection, SubmitDriver{order});
  }
  void kill(const std::string& id) {
    const auto connection = connect([](const ClusterMessage&) {}, [] {});
    if (connection) sendToManager(*connection, KillDriver{id});
  }

  /// Causes a fault, again and again until the chaos is over.
  void misfortune() {
    if (chaosIsOver()) return;
    events_.after(random_.between(1, 2'000), [this] { misfortune(); });
    if (restarts_ && random_.chance(0.05)) killManager();
    if (random_.chance(losses_ / 2)) cut_off_until_ = events_.now() + random_.upTo(20'000);
    for (auto& [id, link] : links_) {
      if (!link.broken && random_.chance(losses_ / 2)) breakLink(id);
    }
    for (const auto& worker : std::vector(workers_)) {
      if (!worker->alive || isPaused(*worker) || !random_.chance(losses_)) continue;
      if (random_.chance(0.3)) {
        worker->paused_until = events_.now() + random_.upTo(20'000);
      } else if (random_.chance(0.3)) {
        worker->leaving = true;
        sendToManager(worker->connection, WorkerLeaving{});
      } else {
        die(*worker);
      }
    }
    for (const auto& application : applications_) misfortuneOf(application);
  }

  void die(SimulatedWorker& worker) {
    worker.alive = false;
    worker.executors.clear();
    worker.drivers.clear();
    // otherwise it vanishes silently
    if (worker.connection != kNoConnection && random_.chance(0.7)) breakLink(worker.connection);
    events_.after(random_.upTo(10'000), [this] { addWorker(); });
  }

  void misfortuneOf(const std::shared_ptr<SimulatedApplication>& application) {
    if (!application->alive || application->ended || application->connection == kNoConnection) return;
    if (random_.chance(losses_ / 4)) {
      application->alive = false;
      breakLink(application->connection);
    } else if (random_.chance(0.1)) {
      application->as.executors_wanted = static_cast<int32_t>(random_.between(-1, 10));
      sendToManager(application->connection, WantExecutors{application->as.executors_wanted});
    } else if (random_.chance(0.1) && !application->executors.empty()) {
      sendToManager(application->connection, ReleaseExecutor{*application->executors.begin(), "idle"});
    }
  }

  // Checks.

  void check() {
    if (!state_) return;
    const std::string wrong = checkRegistry(state_->registry());
    demand(wrong.empty(), wrong);
    checkPlaced();
  }

  /// Checks that nothing waits that could be placed.
  void checkPlaced() {
    const ClusterRegistry& registry = state_->registry();
    for (const auto& [id, application] : registry.applications) {
      if (application.connection == kNoConnection || !application.awaited.empty()) continue;
      const RegisterApplication& as = application.record.application;
      int64_t cores = 0;
      int64_t live_cores = 0;
      const auto executors = registry.executorsOf(id);
      for (const auto& key : executors) {
        const Executor& executor = registry.executors.at(key);
        cores += executor.share.cores;
        live_cores += executor.state == ExecutorState::kEnding ? 0 : executor.share.cores;
      }
      const bool full = as.executors_wanted >= 0 && static_cast<int64_t>(executors.size()) >= as.executors_wanted;
      const int32_t size = std::max(as.executor_cores, 1);
      const bool has_all = as.cores_max > 0 && cores + size > as.cores_max;
      demand(as.cores_max == 0 || live_cores <= as.cores_max, id + " has more cores than it may");
      if (full || has_all) continue;
      bool is_limited = as.cores_max > 0 || as.executors_wanted >= 0 || executors.empty();
      demand(!is_limited || !application.waits.empty(), id + " waits and is not told why");
      for (const auto& [worker_id, worker] : registry.workers) {
        if (worker.connection == kNoConnection || worker.as.leaving) continue;
        const auto bad = application.bad_starts.find(worker_id);
        if (bad != application.bad_starts.end() && bad->second.not_before > 0) continue;  // the worker rests
        const bool fits = worker.as.cores - worker.given.cores >= size &&
                          worker.as.memory - worker.given.memory >= as.executor_memory;
        demand(!fits, fmt::format("{} waits although {} has room", id, worker_id));
      }
    }
  }

  /// Checks that long after the last fault all sides agree on what runs where.
  void checkSettled() {
    demand(state_.has_value() && !state_->registry().areRecovering(), "the manager still recovers");
    const ClusterRegistry& registry = state_->registry();
    size_t running = 0;
    for (const auto& worker : workers_) {
      if (!worker->alive) continue;
      demand(registry.workers.contains(worker->as.worker), "a living worker is not known: " + worker->as.worker);
      running += worker->executors.size();
      for (const auto& [key, share] : worker->executors)
        demand(registry.executors.contains(key), fmt::format("executor {} of {} runs unknown", key.second, key.first));
    }
    demand(registry.executors.size() == running, "the manager knows executors that do not run");
    for (const auto& application : applications_) {
      const std::string& id = application->as.application;
      const bool is_known = registry.applications.contains(id);
      demand(is_known == (application->alive && !application->ended), id + " lives in one place only");
      if (!is_known) continue;
      std::set<int64_t> has;
      for (const auto& key : registry.executorsOf(id)) has.insert(key.second);
      demand(has == application->executors, fmt::format("{} has executors {}, the manager says {}", id,
                                                        fmt::join(application->executors, " "), fmt::join(has, " ")));
      demand(registry.applications.at(id).waits == application->waits,
             id + " believes that it waits for something else");
    }
    for (const auto& application : applications_) end(application);
  }

  void checkTheEnd() {
    const ClusterRegistry& registry = state_->registry();
    demand(registry.applications.empty(), "applications are left after the last one ended");
    demand(registry.executors.empty(), "executors are left after the last application");
    for (const auto& worker : workers_) demand(!worker->alive || worker->executors.empty(), "a worker runs on");
    for (const auto& [id, driver] : registry.drivers) {
      const bool could_run = std::any_of(
          registry.workers.begin(), registry.workers.end(), [&, &order = driver.record.order](const auto& entry) {
            const Worker& worker = entry.second;
            return !worker.as.leaving && worker.as.cores >= order.cores && worker.as.memory >= order.memory;
          });
      demand(!driver.isActive() || !could_run, fmt::format("driver {} is {}", id, nameOf(driver.record.state)));
    }
  }

  Random random_;
  EventQueue events_;
  ManagerState::Options options_;
  std::optional<ManagerState> state_;
  std::vector<JournalRecord> journal_;
  std::map<ConnectionId, Link> links_;
  std::vector<std::shared_ptr<SimulatedWorker>> workers_;
  std::vector<std::shared_ptr<SimulatedApplication>> applications_;
  std::map<std::string, SimulatedDriver> drivers_;
  ConnectionId next_connection_ = 0;
  Millis longest_delay_ = 0;
  bool restarts_ = false;
  Millis cut_off_until_ = 0;
  double losses_ = 0;
};

int64_t environment(const char* name, int64_t otherwise) {
  const char* value = std::getenv(name);
  return value == nullptr ? otherwise : std::atoll(value);
}

}  // namespace

TEST_CASE("under any fault in a cluster, nothing is given twice, left waiting or left behind",
          "[cluster-manager][fault]") {
  const int64_t only_seed = environment("CERIUM_SIM_SEED", -1);
  const int64_t first = only_seed >= 0 ? only_seed : 0;
  const int64_t count = only_seed >= 0 ? 1 : environment("CERIUM_SIM_SEEDS", 300);
  for (int64_t seed = first; seed < first + count; ++seed) {
    try {
      Simulation(static_cast<uint64_t>(seed)).run();
    } catch (const std::exception& wrong) {
      FAIL_CHECK("seed " << seed << ": " << wrong.what());
    }
  }
  SUCCEED();
}

}  // namespace cerium::cluster_manager
