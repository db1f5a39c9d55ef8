// Cerium. Licensed under the Apache License 2.0.
// The manager's decisions one by one; manager_simulation_test.cc has them all at once.
#include "cluster-manager/manager/manager_state.h"

#include <catch2/catch.hpp>
#include <optional>

#include "cluster-manager/manager/manager_json.h"

namespace cerium::cluster_manager {
namespace {

using namespace protocol;

constexpr uint64_t kGiB = uint64_t{1} << 30;

/// A manager whose messages are collected by connection.
class Desk {
 public:
  explicit Desk(const std::vector<JournalRecord>& records = {}) : state_({.url = "cerium://m:1"}) {
    take(state_.recover(records, now_));
  }

  void says(ConnectionId from, const ClusterMessage& message) { take(state_.received(from, message, now_)); }
  /// Nothing of ours runs, nor reads what others send.
  void standsStill(Millis time) { now_ += time; }
  void breaks(ConnectionId connection) { take(state_.disconnected(connection, now_)); }
  /// Time passes; those in `alive` send their heartbeats.
  void passes(Millis time, const std::vector<ConnectionId>& alive = {}) {
    for (const Millis end = now_ + time; now_ < end; now_ += 100) {
      if (now_ % 1'000 == 0) {
        for (const ConnectionId each : alive) says(each, WorkerHeartbeat{});
      }
      take(state_.tick(now_));
    }
  }

  /// Takes the messages of this kind that were sent to the connection since the last call.
  template <class Message>
  std::vector<Message> heard(ConnectionId connection) {
    std::vector<Message> found;
    std::erase_if(sent_, [&](const Send& each) {
      const auto* message = std::get_if<Message>(&each.message);
      if (each.to != connection || message == nullptr) return false;
      found.push_back(*message);
      return true;
    });
    return found;
  }
  [[nodiscard]] bool isClosed(ConnectionId connection) const { return closed_.contains(connection); }
  [[nodiscard]] const std::vector<JournalRecord>& journal() const { return journal_; }
  [[nodiscard]] const ManagerState& state() const { return state_; }
  [[nodiscard]] const Books& books() const { return state_.books(); }

 private:
  void take(const Instructions& instructions) {
    for (const Instruction& each : instructions) {
      if (const auto* send = std::get_if<Send>(&each)) sent_.push_back(*send);
      if (const auto* close = std::get_if<Close>(&each)) closed_.insert(close->connection);
      if (const auto* keep = std::get_if<Keep>(&each)) journal_.push_back(keep->record);
    }
    CHECK(checkBooks(state_.books()) == "");
  }

  Millis now_ = 1'000;
  ManagerState state_;
  std::vector<Send> sent_;
  std::set<ConnectionId> closed_;
  std::vector<JournalRecord> journal_;
};

RegisterWorker worker(const std::string& id, int32_t cores, uint64_t gib = 16) {
  RegisterWorker message;
  message.worker = id;
  message.host = "host-of-" + id;
  message.port = 7;
  message.cores = cores;
  message.memory = gib * kGiB;
  return message;
}

RegisterApplication application(const std::string& id, int32_t executor_cores = 1, int32_t cores_max = 0) {
  RegisterApplication message;
  message.application = id;
  message.driver_host = "driver";
  message.driver_port = 9;
  message.executor_cores = executor_cores;
  message.executor_memory = kGiB;
  message.cores_max = cores_max;
  return message;
}

DriverOrder order(const std::string& id, bool supervise = false) {
  DriverOrder result;
  result.driver = id;
  result.cores = 1;
  result.memory = kGiB;
  result.supervise = supervise;
  return result;
}

std::string lastState(std::vector<DriverStatus> heard) { return heard.empty() ? "(nothing)" : heard.back().state; }

}  // namespace

TEST_CASE("an application gets executors where there is room, and keeps what is granted to it", "[cluster-manager]") {
  Desk desk;
  desk.says(1, worker("a", 4));
  CHECK(desk.heard<WorkerAccepted>(1).at(0).manager == "cerium://m:1");
  desk.says(2, application("app", 2));
  CHECK(desk.heard<ApplicationAccepted>(2).size() == 1);
  const auto launched = desk.heard<LaunchExecutor>(1);
  REQUIRE(launched.size() == 2);
  CHECK(launched[1].executor == 1);
  CHECK(launched[1].cores == 2);
  CHECK(launched[1].driver_port == 9);
  CHECK(desk.heard<ExecutorGranted>(2).size() == 2);
  CHECK(desk.heard<ApplicationWaits>(2).back().reason.empty());
  desk.says(1, ExecutorStarted{"app", 1, "host:log"});
  CHECK(desk.heard<ExecutorRunning>(2).at(0).log == "host:log");

  desk.says(1, ExecutorExited{"app", 1, {.signal = 9}});
  CHECK(desk.heard<ExecutorGone>(2).at(0).how.signal == 9);
  CHECK(desk.heard<LaunchExecutor>(1).at(0).executor == 2);  // in its place, under a new number
}

TEST_CASE("an application is told what it waits for, and when it no longer does", "[cluster-manager]") {
  Desk desk;
  desk.says(2, application("app", 4));
  CHECK(desk.heard<ApplicationWaits>(2).at(0).reason == "no worker is registered");
  desk.says(1, worker("a", 2));
  CHECK(desk.heard<ApplicationWaits>(2).at(0).reason == "needs 4 cores on one worker; the best of 1 worker has 2 free");
  desk.says(3, worker("b", 4));
  CHECK(desk.heard<ApplicationWaits>(2).at(0).reason.empty());
  desk.says(4, application("later", 4));
  CHECK(desk.heard<ApplicationWaits>(4).at(0).reason ==
        "needs 4 cores on one worker; the best of 2 workers has 2 free; waits for applications before it");
  desk.says(5, application("never", 4, 2));
  CHECK(desk.heard<ApplicationWaits>(5).at(0).reason.find("cerium.cores.max=2") == 0);
  desk.says(2, EndApplication{});
  CHECK(desk.heard<LaunchExecutor>(3).size() == 1);  // of the first
  desk.says(3, ExecutorExited{"app", 0, {}});
  CHECK(desk.heard<LaunchExecutor>(3).at(0).application == "later");
  CHECK(desk.heard<ApplicationWaits>(4).back().reason.empty());
}

TEST_CASE("executors of an ended application hold their cores until they are gone", "[cluster-manager]") {
  Desk desk;
  desk.says(1, worker("a", 1));
  desk.says(2, application("app"));
  desk.says(3, application("next"));
  desk.says(2, EndApplication{true, "a bug"});
  CHECK(desk.heard<EndExecutor>(1).size() == 1);
  CHECK(desk.heard<ExecutorGranted>(3).empty());
  desk.says(1, ExecutorExited{"app", 0, {}});
  CHECK(desk.heard<ExecutorGranted>(3).size() == 1);
  CHECK(desk.books().ended_applications.at(0).state == ApplicationState::kFailed);
  desk.says(4, application("app"));
  CHECK(desk.heard<ApplicationRemoved>(4).at(0).reason == "a bug");
}

TEST_CASE("a driver that does not come back in time loses its application", "[cluster-manager]") {
  Desk desk;
  desk.says(1, worker("a", 2));
  desk.says(2, application("app", 1, 1));
  desk.breaks(2);
  desk.passes(9'000, {1});
  CHECK(desk.heard<EndExecutor>(1).empty());
  RegisterApplication again = application("app", 1, 1);
  again.executors = {0};
  desk.says(3, again);
  CHECK(desk.heard<ApplicationAccepted>(3).size() == 1);
  desk.passes(20'000, {1});
  CHECK(desk.heard<EndExecutor>(1).empty());
  desk.breaks(3);
  desk.passes(11'000, {1});
  CHECK(desk.heard<EndExecutor>(1).size() == 1);
  CHECK(desk.books().applications.empty());
}

TEST_CASE("a reconnected driver and the manager agree on executors at once", "[cluster-manager]") {
  Desk desk;
  desk.says(1, worker("a", 2));
  desk.says(2, application("app", 1, 2));
  desk.heard<LaunchExecutor>(1);
  RegisterApplication again = application("app", 1, 2);
  again.executors = {1, 17};
  desk.says(3, again);  // before the old connection is known to be broken
  CHECK(desk.isClosed(2));
  desk.breaks(2);
  CHECK(desk.heard<EndExecutor>(1).at(0).executor == 0);
  CHECK(desk.heard<ExecutorGone>(3).at(0).executor == 17);
  desk.says(1, ExecutorExited{"app", 0, {}});
  CHECK(desk.heard<LaunchExecutor>(1).at(0).executor == 18);
}

TEST_CASE("a worker is lost when its connection breaks or it is silent", "[cluster-manager]") {
  Desk desk;
  desk.says(1, worker("a", 1));
  desk.says(2, worker("b", 1));
  desk.says(3, application("app"));
  desk.breaks(1);
  CHECK(desk.heard<ExecutorGone>(3).empty());
  desk.passes(2'100, {2});
  CHECK(desk.heard<ExecutorGone>(3).at(0).worker_lost);
  CHECK(desk.books().workers.size() == 1);
  desk.passes(8'000);
  CHECK(desk.heard<ExecutorGone>(3).empty());
  desk.passes(4'000);
  CHECK(desk.heard<ExecutorGone>(3).size() == 1);
  CHECK(desk.isClosed(2));
  CHECK(desk.books().workers.empty());
  CHECK(desk.heard<ApplicationWaits>(3).back().reason == "no worker is registered");

  RegisterWorker back = worker("a", 1);
  back.executors = {{"app", 0, 1, kGiB}};
  desk.says(4, back);
  CHECK(desk.heard<EndExecutor>(4).at(0).executor == 0);
  CHECK(desk.heard<LaunchExecutor>(4).empty());  // its core is not free yet
  desk.says(4, ExecutorExited{"app", 0, {}});
  CHECK(desk.heard<LaunchExecutor>(4).size() == 1);
}

TEST_CASE("a worker that is back at once has lost nothing", "[cluster-manager]") {
  Desk desk;
  desk.says(1, worker("a", 2));
  desk.says(2, application("app", 1, 1));
  desk.says(3, SubmitDriver{order("driver-1")});
  desk.says(1, DriverStarted{"driver-1"});
  desk.breaks(1);
  desk.says(4, application("other", 1, 1));
  desk.passes(500);
  CHECK(desk.heard<LaunchExecutor>(1).size() == 1);  // nothing goes to where nobody listens
  RegisterWorker back = worker("a", 2);
  back.executors = {{"app", 0, 1, kGiB}};
  back.drivers = {"driver-1"};
  desk.says(5, back);
  desk.passes(5'000, {5});
  CHECK(desk.heard<ExecutorGone>(2).empty());
  CHECK(desk.heard<EndExecutor>(5).empty());
  CHECK(desk.heard<EndDriver>(5).empty());
  CHECK(desk.books().drivers.at("driver-1").record.state == DriverState::kRunning);
}

TEST_CASE("a manager that stood still gives those it did not listen to their time", "[cluster-manager]") {
  Desk desk;
  desk.says(1, worker("a", 2));
  desk.says(2, application("app", 1, 1));
  desk.passes(1'000, {1});
  desk.standsStill(60'000);
  desk.passes(9'000);
  CHECK(desk.heard<ExecutorGone>(2).empty());
  desk.passes(2'000);
  CHECK(desk.heard<ExecutorGone>(2).size() == 1);
}

TEST_CASE("after it stood still a manager gives nobody more than the usual time", "[cluster-manager]") {
  Desk desk;
  desk.says(1, worker("a", 2));
  desk.says(2, worker("b", 2));
  desk.says(3, application("app", 1, 4));
  desk.passes(1'000, {1, 2});
  desk.standsStill(60'000);
  desk.breaks(1);  // read before it is known how late it is, as is what b said
  desk.says(2, WorkerHeartbeat{});
  desk.passes(9'000, {2});
  CHECK(desk.heard<ExecutorGone>(3).empty());
  desk.passes(2'000, {2});
  CHECK(desk.heard<ExecutorGone>(3).size() == 2);
}

TEST_CASE("a manager that was cut off gives up nobody who comes back", "[cluster-manager]") {
  Desk desk;
  desk.says(1, worker("a", 2));
  desk.says(2, worker("b", 2));
  desk.says(3, application("app", 1, 2));
  desk.says(4, SubmitDriver{order("driver-1")});
  desk.says(4, SubmitDriver{order("driver-2", true)});
  for (const ConnectionId each : {1, 2}) {
    for (const auto& launched : desk.heard<LaunchDriver>(each)) desk.says(each, DriverStarted{launched.order.driver});
  }
  desk.passes(2'500, {1, 2});
  RegisterWorker a = worker("a", 2);
  RegisterWorker b = worker("b", 2);
  for (RegisterWorker* each : {&a, &b}) {
    for (const auto& key : desk.books().executorsOn(each->worker))
      each->executors.push_back({"app", key.second, 1, kGiB});
    for (const auto& [id, share] : desk.books().workers.at(each->worker).drivers) each->drivers.push_back(id);
  }
  const Millis silence = GENERATE(12'000, 55'000);
  desk.passes(silence - 8'000);
  desk.breaks(2);  // the keep-alive of its connection had no answer, nor had that of the driver's
  desk.breaks(3);
  desk.passes(8'000);
  desk.says(5, a);  // the first one that got through
  desk.passes(5'000, {5});
  desk.says(6, b);
  RegisterApplication app = application("app", 1, 2);
  app.executors = {0, 1};
  desk.says(7, app);
  desk.passes(20'000, {5, 6});
  CHECK(desk.books().executors.size() == 2);
  for (const ConnectionId each : {3, 7}) CHECK(desk.heard<ExecutorGone>(each).empty());
  for (const ConnectionId each : {5, 6}) {
    CHECK(desk.heard<EndExecutor>(each).empty());
    CHECK(desk.heard<EndDriver>(each).empty());
    CHECK(desk.heard<LaunchDriver>(each).empty());
  }
  CHECK(desk.books().drivers.at("driver-1").record.state == DriverState::kRunning);
}

TEST_CASE("workers that are all silent for a minute are lost, and earlier when another one is heard",
          "[cluster-manager]") {
  Desk desk;
  desk.says(1, worker("a", 2));
  desk.says(2, worker("b", 2));
  desk.passes(2'000, {1, 2});
  SECTION("nobody is heard") {
    desk.passes(58'000);
    CHECK(desk.books().workers.size() == 2);
    desk.passes(2'000);
    CHECK(desk.books().workers.empty());
  }
  SECTION("a new one comes") {
    desk.passes(20'000);
    desk.says(3, worker("c", 2));
    desk.passes(9'000, {3});
    CHECK(desk.books().workers.size() == 3);
    desk.passes(2'000, {3});
    CHECK(desk.books().workers.size() == 1);
  }
}

TEST_CASE("a worker on which executors do not start rests, and others are tried", "[cluster-manager]") {
  Desk desk;
  desk.says(1, worker("a", 8));
  desk.says(2, application("app", 1, 1));
  desk.heard<ApplicationWaits>(2);
  const auto fails = [&](ConnectionId at) {
    const auto launched = desk.heard<LaunchExecutor>(at);
    if (launched.size() == 1) desk.says(at, ExecutorExited{"app", launched[0].executor, {.exit_status = 127}});
    return launched.size() == 1;
  };
  for (int i = 0; i < 3; ++i) CHECK(fails(1));
  CHECK_FALSE(fails(1));
  CHECK(desk.heard<ApplicationWaits>(2).back().reason.find("end as soon as they start on 1 of 1 workers") !=
        std::string::npos);
  desk.passes(200, {1});
  CHECK(fails(1));
  CHECK_FALSE(fails(1));
  desk.says(3, worker("b", 1));  // the smaller one, but not resting
  CHECK(desk.heard<LaunchExecutor>(3).size() == 1);
  desk.passes(20'000, {1, 3});
  CHECK(desk.heard<LaunchExecutor>(1).empty());
}

TEST_CASE("executors' ids are not given twice, and retired ones are known, by a manager without a journal",
          "[cluster-manager]") {
  Desk desk;
  RegisterApplication message = application("app", 1, 2);
  message.executors = {3, 4};
  message.retired = {3};
  message.next_executor = 17;
  desk.says(2, message);
  RegisterWorker back = worker("a", 3);
  back.executors = {{"app", 3, 1, kGiB}, {"app", 4, 1, kGiB}};
  desk.says(1, back);
  CHECK(desk.heard<FreeExecutor>(1).at(0).executor == 3);
  CHECK(desk.books().workers.at("a").given.cores == 2);
  CHECK(desk.heard<LaunchExecutor>(1).at(0).executor == 17);
}

TEST_CASE("a worker that was told to leave leaves on when it registers again", "[cluster-manager]") {
  Desk desk;
  RegisterWorker message = worker("a", 4);
  message.leaving = true;
  desk.says(1, message);
  CHECK(desk.heard<LeaveWhenIdle>(1).size() == 1);
  desk.says(2, application("app"));
  CHECK(desk.heard<LaunchExecutor>(1).empty());
}

TEST_CASE("a worker that leaves gets nothing new, and its applications are told", "[cluster-manager]") {
  Desk desk;
  desk.says(1, worker("a", 4));
  desk.says(2, application("app", 1, 1));
  desk.says(3, DecommissionWorkers{"host-of-a"});
  CHECK(desk.heard<Decommissioning>(3).at(0).workers == std::vector<std::string>{"a"});
  CHECK(desk.heard<LeaveWhenIdle>(1).size() == 1);
  CHECK(desk.heard<ExecutorLeaving>(2).at(0).executor == 0);
  desk.says(4, application("other"));
  CHECK(desk.heard<ApplicationWaits>(4).at(0).reason.find("none of 1 worker takes") == 0);
  desk.heard<LaunchExecutor>(1);
  desk.says(2, ReleaseExecutor{0, "moved"});
  CHECK(desk.heard<EndExecutor>(1).size() == 1);
  desk.says(1, ExecutorExited{"app", 0, {}});
  CHECK(desk.heard<LaunchExecutor>(1).empty());
  desk.says(5, worker("b", 4));
  CHECK(desk.heard<LaunchExecutor>(5).size() == 4);
}

TEST_CASE("an application says how many executors it wants", "[cluster-manager]") {
  Desk desk;
  desk.says(1, worker("a", 8));
  RegisterApplication message = application("app");
  message.executors_wanted = 2;
  desk.says(2, message);
  CHECK(desk.heard<LaunchExecutor>(1).size() == 2);
  desk.says(2, WantExecutors{4});
  CHECK(desk.heard<LaunchExecutor>(1).size() == 2);
  desk.says(2, WantExecutors{3});
  desk.says(2, ReleaseExecutor{1, "idle"});
  desk.says(2, ReleaseExecutor{1, "idle"});
  desk.says(1, ExecutorExited{"app", 1, {}});
  CHECK(desk.heard<LaunchExecutor>(1).empty());
  CHECK(desk.books().applications.at("app").record.application.executors_wanted == 3);
  desk.says(2, ReleaseExecutor{0, "broken"});
  desk.says(1, ExecutorExited{"app", 0, {}});
  CHECK(desk.heard<LaunchExecutor>(1).size() == 1);
  desk.says(2, ReleaseExecutor{77, "unknown"});
  CHECK(desk.heard<ExecutorGone>(2).back().executor == 77);
}

TEST_CASE("after a restart, what was running runs on as if nothing had been", "[cluster-manager]") {
  const bool worker_first = GENERATE(true, false);
  Desk before;
  before.says(1, worker("a", 4));
  before.says(2, application("app", 1, 3));
  before.says(3, SubmitDriver{order("driver-1")});
  before.says(1, DriverStarted{"driver-1"});
  Desk after(before.journal());
  CHECK(after.books().areRecovering());
  after.says(6, application("new"));
  CHECK(after.heard<ExecutorGranted>(6).empty());

  RegisterWorker again = worker("a", 4);
  again.executors = {{"app", 0, 1, kGiB}, {"app", 1, 1, kGiB}, {"app", 2, 1, kGiB}};
  again.drivers = {"driver-1"};
  RegisterApplication app = application("app", 1, 3);
  app.executors = {0, 1, 2};
  if (worker_first) after.says(4, again);
  after.passes(2'000, {});
  after.says(5, app);
  if (!worker_first) after.says(4, again);
  after.passes(20'000, {4});
  CHECK(after.heard<EndExecutor>(4).empty());
  CHECK(after.heard<EndDriver>(4).empty());
  CHECK(after.heard<LaunchExecutor>(4).empty());
  CHECK(after.heard<ExecutorGone>(5).empty());
  CHECK(after.books().executors.size() == 3);
  CHECK_FALSE(after.books().areRecovering());
  after.says(7, AskDriver{"driver-1"});
  CHECK(lastState(after.heard<DriverStatus>(7)) == "RUNNING");
}

TEST_CASE("after a restart, what does not come back is given up", "[cluster-manager]") {
  Desk before;
  before.says(1, worker("a", 4));
  before.says(2, worker("b", 4));
  before.says(3, application("app", 1, 8));
  before.says(4, application("gone"));
  before.says(5, SubmitDriver{order("driver-1")});
  before.says(5, SubmitDriver{order("driver-2", true)});
  Desk after(before.state().snapshot());
  RegisterApplication app = application("app", 1, 8);
  app.executors = {0, 1, 2, 3, 4, 5, 6, 7};
  after.says(3, app);
  RegisterWorker a = worker("a", 4);
  for (const auto& key : before.books().executorsOn("a")) a.executors.push_back({"app", key.second, 1, kGiB});
  after.says(1, a);
  after.passes(9'000, {1});
  CHECK(after.heard<ExecutorGone>(3).empty());
  after.passes(3'000, {1});
  CHECK(after.heard<ExecutorGone>(3).size() == 4);
  CHECK(after.books().applications.size() == 1);
  CHECK(after.books().workers.size() == 1);
}

TEST_CASE("executors of an application that the journal does not name wait for its driver", "[cluster-manager]") {
  Desk desk;
  RegisterWorker message = worker("a", 4);
  message.executors = {{"app", 5, 1, kGiB}, {"other", 0, 1, kGiB}};
  desk.says(1, message);
  desk.passes(5'000, {1});
  RegisterApplication app = application("app", 1, 2);
  app.executors = {5};
  desk.says(2, app);
  CHECK(desk.heard<LaunchExecutor>(1).at(0).executor == 6);
  desk.passes(10'000, {1});
  CHECK(desk.heard<EndExecutor>(1).at(0).application == "other");
}

TEST_CASE("drivers in the cluster are placed first, watched, and end with the status they had", "[cluster-manager]") {
  Desk desk;
  desk.says(2, application("app"));
  desk.says(3, SubmitDriver{order("driver-1")});
  CHECK(desk.heard<DriverStatus>(3).back().detail == "no worker is registered");
  desk.says(1, worker("a", 1));
  CHECK(desk.heard<LaunchDriver>(1).size() == 1);
  CHECK(desk.heard<LaunchExecutor>(1).empty());
  CHECK(lastState(desk.heard<DriverStatus>(3)) == "RUNNING");
  RegisterApplication its = application("app-of-driver");
  its.driver = "driver-1";
  desk.says(4, its);
  desk.says(1, DriverExited{"driver-1", {.exit_status = 3, .log_end = "oh no"}});
  const auto heard = desk.heard<DriverStatus>(3);
  CHECK(lastState(heard) == "FAILED");
  CHECK(heard.back().exit_status == 3);
  CHECK(heard.back().detail.find("oh no") != std::string::npos);
  CHECK_FALSE(desk.books().applications.contains("app-of-driver"));
  CHECK(desk.heard<LaunchExecutor>(1).size() == 1);
  desk.says(5, AskDriver{"driver-2"});
  CHECK(lastState(desk.heard<DriverStatus>(5)) == "UNKNOWN");
}

TEST_CASE("a supervised driver is launched again, later and later, a killed one is not", "[cluster-manager]") {
  Desk desk;
  desk.says(1, worker("a", 1));
  desk.says(2, SubmitDriver{order("driver-1", true)});
  for (const Millis pause : {1'000, 2'000, 4'000}) {
    CHECK(desk.heard<LaunchDriver>(1).size() == 1);
    desk.says(1, DriverExited{"driver-1", {.signal = 11}});
    CHECK(lastState(desk.heard<DriverStatus>(2)) == "RELAUNCHING");
    desk.passes(pause - 200, {1});
    CHECK(desk.heard<LaunchDriver>(1).empty());
    desk.passes(500, {1});
  }
  CHECK(desk.heard<LaunchDriver>(1).size() == 1);
  desk.says(3, KillDriver{"driver-1"});
  CHECK(desk.heard<EndDriver>(1).size() == 1);
  desk.says(1, DriverExited{"driver-1", {.signal = 15}});
  CHECK(lastState(desk.heard<DriverStatus>(3)) == "KILLED");
  desk.passes(70'000, {1});
  CHECK(desk.heard<LaunchDriver>(1).empty());
}

TEST_CASE("an interrupt is passed on to the worker of a driver that runs", "[cluster-manager]") {
  Desk desk;
  desk.says(2, SubmitDriver{order("driver-0")});
  desk.says(2, InterruptDriver{"driver-0"});
  CHECK(lastState(desk.heard<DriverStatus>(2)) == "KILLED");  // it had no jobs to cancel
  desk.says(2, SubmitDriver{order("driver-1", true)});
  desk.says(1, worker("a", 1));
  CHECK(desk.heard<LaunchDriver>(1).size() == 1);
  CHECK(desk.heard<InterruptDriver>(1).empty());
  desk.says(3, InterruptDriver{"driver-1"});
  CHECK(desk.heard<InterruptDriver>(1).size() == 1);
  desk.says(3, InterruptDriver{"driver-of-nobody"});
  CHECK(lastState(desk.heard<DriverStatus>(3)) == "UNKNOWN");
  desk.says(1, DriverExited{"driver-1", {.exit_status = 1}});
  desk.passes(70'000, {1});
  CHECK(desk.heard<LaunchDriver>(1).empty());  // its user did not want it to begin anew
  CHECK(lastState(desk.heard<DriverStatus>(3)) == "FAILED");
}

TEST_CASE("a worker that comes back hears of the interrupt that it may have missed", "[cluster-manager]") {
  Desk desk;
  desk.says(1, worker("a", 1));
  desk.says(2, SubmitDriver{order("driver-1")});
  desk.breaks(1);
  desk.says(2, InterruptDriver{"driver-1"});
  RegisterWorker back = worker("a", 1);
  back.drivers = {"driver-1"};
  desk.says(3, back);
  CHECK(desk.heard<InterruptDriver>(3).size() == 1);
  Desk after(desk.journal());
  after.says(4, back);
  CHECK(after.heard<InterruptDriver>(4).size() == 1);
}

TEST_CASE("a driver whose worker is lost is launched again where supervised, else lost", "[cluster-manager]") {
  Desk desk;
  desk.says(1, worker("a", 2));
  desk.says(2, SubmitDriver{order("driver-1")});
  desk.says(2, SubmitDriver{order("driver-2", true)});
  desk.says(1, DriverStarted{"driver-1"});
  desk.says(1, DriverStarted{"driver-2"});
  desk.breaks(1);
  desk.says(3, worker("b", 2));
  RegisterApplication its = application("app");
  its.driver = "driver-2";
  its.executors_wanted = 0;
  desk.says(5, its);
  desk.passes(20'000, {3});
  CHECK(desk.heard<LaunchDriver>(3).empty());  // its application is connected, so it runs
  desk.breaks(5);
  desk.passes(21'000, {3});
  CHECK(desk.heard<LaunchDriver>(3).at(0).order.driver == "driver-2");
  CHECK(desk.books().drivers.at("driver-1").record.state == DriverState::kLost);
  RegisterWorker back = worker("a", 2);
  back.drivers = {"driver-1", "driver-2"};
  desk.says(4, back);
  CHECK(desk.heard<EndDriver>(4).size() == 2);
  desk.says(4, DriverExited{"driver-2", {.signal = 9}});
  CHECK(desk.books().drivers.at("driver-2").record.state == DriverState::kRunning);  // the one at b
}

TEST_CASE("a driver that was out of reach is not launched a second time by the next manager", "[cluster-manager]") {
  Desk before;
  before.says(1, worker("a", 2));
  before.says(2, SubmitDriver{order("driver-1", true)});
  before.says(1, DriverStarted{"driver-1"});
  RegisterApplication its = application("app");
  its.driver = "driver-1";
  its.executors_wanted = 0;
  const bool has_application = GENERATE(true, false);
  if (has_application) before.says(3, its);
  before.breaks(1);
  before.passes(2'000);
  REQUIRE(before.books().drivers.at("driver-1").record.state == DriverState::kRelaunching);

  Desk after(before.state().snapshot());
  after.says(4, worker("b", 2));
  after.passes(5'000, {4});
  if (has_application) after.says(5, its);
  after.passes(4'500, {4});
  CHECK(after.heard<LaunchDriver>(4).empty());
  after.passes(10'000, {4});
  CHECK(after.heard<LaunchDriver>(4).empty() == has_application);
  if (!has_application) return;
  after.breaks(5);
  after.passes(9'500, {4});
  CHECK(after.heard<LaunchDriver>(4).empty());
  after.passes(1'000, {4});
  CHECK(after.heard<LaunchDriver>(4).size() == 1);
}

TEST_CASE("a driver that a manager was about to start when it ended is started by the next one", "[cluster-manager]") {
  Desk before;
  before.says(1, worker("a", 2));
  before.says(2, SubmitDriver{order("driver-1")});
  const bool was_started = GENERATE(true, false);
  if (was_started) before.says(1, DriverStarted{"driver-1"});
  Desk after(before.journal());
  after.says(3, AskDriver{"driver-1"});
  after.says(1, worker("a", 2));  // which does not run it
  CHECK(after.heard<LaunchDriver>(1).empty() == was_started);
  CHECK(lastState(after.heard<DriverStatus>(3)) == (was_started ? "LOST" : "RUNNING"));
}

TEST_CASE("a driver that is killed while the order to start it gets lost is not started", "[cluster-manager]") {
  Desk desk;
  desk.says(1, worker("a", 2));
  desk.says(2, SubmitDriver{order("driver-1")});
  desk.breaks(1);
  SECTION("killed") { desk.says(2, KillDriver{"driver-1"}); }
  SECTION("interrupted") { desk.says(2, InterruptDriver{"driver-1"}); }
  desk.says(3, worker("a", 2));
  CHECK(desk.heard<LaunchDriver>(3).empty());
  CHECK(lastState(desk.heard<DriverStatus>(2)) == "KILLED");
}

TEST_CASE("what does not matter after a restart is not in the journal", "[cluster-manager]") {
  const std::string long_text(100'000, 'x');
  Desk desk;
  RegisterApplication app = application("app", 2);
  app.program.arguments = {long_text};
  app.executor_environment = {{"A", long_text}};
  desk.says(2, app);
  DriverOrder with_files = order("driver-1");
  with_files.cores = 2;
  with_files.program.arguments = {long_text};
  with_files.environment = {{"A", long_text}};
  desk.says(3, SubmitDriver{with_files});
  const auto bytesOf = [](const std::vector<JournalRecord>& records) {
    size_t bytes = 0;
    for (const JournalRecord& each : records) bytes += encodeRecord(each).size();
    return bytes;
  };
  SECTION("why a driver waits") {
    const size_t before = desk.journal().size();
    desk.heard<DriverStatus>(3);
    desk.says(1, worker("a", 1));
    CHECK(desk.heard<DriverStatus>(3).size() == 1);
    CHECK(desk.journal().size() == before + 1);  // the worker
  }
  SECTION("the command line of an application, at each executor, and of what has ended") {
    desk.says(1, worker("a", 8));
    const size_t before = bytesOf(desk.journal());
    desk.says(2, ReleaseExecutor{0, "idle"});
    desk.says(2, WantExecutors{7});
    desk.says(1, ExecutorExited{"app", 0, {}});
    CHECK(desk.heard<LaunchExecutor>(1).back().executor == 3);
    desk.says(2, EndApplication{});
    desk.says(1, DriverExited{"driver-1", {}});
    CHECK(bytesOf(desk.journal()) - before < 10'000);
    CHECK(bytesOf(desk.state().snapshot()) < 10'000);
  }
  SECTION("but the number of the next executor is") {
    desk.says(1, worker("a", 8));
    RegisterApplication again = app;
    again.executors = {0};  // the others' news was lost with the manager
    Desk after(desk.journal());
    after.says(2, again);
    RegisterWorker a = worker("a", 8);
    a.executors = {{"app", 0, 2, kGiB}};
    a.drivers = {"driver-1"};
    after.says(1, a);
    CHECK(after.heard<LaunchExecutor>(1).at(0).executor == 3);
  }
}

TEST_CASE("a driver whose order to start was lost with the connection is ordered again", "[cluster-manager]") {
  Desk desk;
  desk.says(1, worker("a", 2));
  desk.says(2, SubmitDriver{order("driver-1")});
  CHECK(desk.heard<LaunchDriver>(1).size() == 1);
  desk.says(3, worker("a", 2));  // on another connection, and without the driver
  CHECK(desk.heard<LaunchDriver>(3).size() == 1);
  desk.says(3, DriverStarted{"driver-1"});
  desk.says(4, worker("a", 2));
  CHECK(desk.heard<LaunchDriver>(4).empty());
  CHECK(lastState(desk.heard<DriverStatus>(2)) == "LOST");
}

TEST_CASE("a worker hears that an end is noted, whether or not it was news", "[cluster-manager]") {
  Desk desk;
  desk.says(1, worker("a", 2));
  desk.says(2, SubmitDriver{order("driver-1")});
  desk.says(1, DriverExited{"driver-1", {}});
  CHECK(desk.heard<EndNoted>(1).at(0).owner == "driver-1");
  CHECK(lastState(desk.heard<DriverStatus>(2)) == "FINISHED");
  RegisterWorker again = worker("a", 2);  // that word was lost
  again.drivers = {"driver-1"};
  again.executors = {{"app", 5, 0, 0}};
  desk.says(3, again);
  desk.says(3, DriverExited{"driver-1", {}});
  desk.says(3, ExecutorExited{"app", 5, {}});
  const auto noted = desk.heard<EndNoted>(3);
  REQUIRE(noted.size() == 2);
  CHECK((noted[0].owner == "driver-1" && noted[0].executor == -1));
  CHECK((noted[1].owner == "app" && noted[1].executor == 5));
  CHECK(desk.books().drivers.at("driver-1").record.state == DriverState::kFinished);
  CHECK(desk.heard<LaunchDriver>(3).empty());
}

TEST_CASE("registrations that cannot be are refused", "[cluster-manager]") {
  Desk desk;
  desk.says(1, worker("../../etc", 1));
  desk.says(2, worker("a", 0));
  desk.says(3, worker("b", 1, 0));
  desk.says(4, application("a/b"));
  desk.says(5, application("-x"));
  desk.says(6, SubmitDriver{order(".hidden")});
  RegisterApplication numbers = application("app");
  numbers.executors = {-1};
  desk.says(7, numbers);
  numbers.executors = {INT64_MAX};
  desk.says(8, numbers);
  for (ConnectionId connection = 1; connection <= 8; ++connection) {
    CHECK(desk.heard<Refused>(connection).size() == 1);
    CHECK(desk.isClosed(connection));
  }
  CHECK(desk.books().workers.empty());
  CHECK(desk.books().applications.empty());
  CHECK(desk.books().drivers.empty());
}

TEST_CASE("whoever speaks as what it is not is cut off", "[cluster-manager]") {
  Desk desk;
  desk.says(1, WorkerHeartbeat{});
  desk.says(2, ExecutorExited{"app", 0, {}});
  desk.says(3, WantExecutors{1});
  desk.says(4, LaunchExecutor{});
  desk.says(5, worker("a", 1));
  desk.says(5, application("app"));
  desk.says(6, application("app"));
  desk.says(6, WorkerLeaving{});
  for (ConnectionId connection = 1; connection <= 6; ++connection) CHECK(desk.isClosed(connection));
  CHECK_FALSE(desk.books().workers.at("a").as.leaving);
}

TEST_CASE("a worker that took the place of another ends it", "[cluster-manager]") {
  Desk desk;
  RegisterWorker first = worker("a", 1);
  RegisterWorker second = worker("b", 1);
  second.host = first.host;
  desk.says(1, first);
  desk.says(2, second);
  CHECK(desk.isClosed(1));
  CHECK(desk.books().workers.size() == 1);
  desk.says(3, second);  // on another connection, before the first is known to be broken
  CHECK(desk.isClosed(2));
  desk.breaks(2);
  CHECK(desk.books().workers.size() == 1);
}

TEST_CASE("the manager's JSON has what waits and who holds what", "[cluster-manager]") {
  Desk desk;
  desk.says(1, worker("a", 4));
  desk.says(2, application("app", 3));
  desk.says(3, application("waiting \"one\"", 3));
  desk.says(3, application("waiting-one", 3));
  const std::string json = managerJson(desk.books(), {"cerium://m:1", "ALIVE", 0});
  for (
      const char* part :
      {R"("status":"ALIVE")", R"("coresused":3)", R"("coresfree":1)", R"("memoryused":1024)", R"("id":"app")",
       R"("state":"RUNNING")", R"("state":"WAITING")", R"("host":"host-of-a")",
       R"("waits":"needs 3 cores on one worker; the best of 1 worker has 1 free; waits for applications before it")"}) {
    CHECK_THAT(json, Catch::Contains(part));
  }
}

}  // namespace cerium::cluster_manager
