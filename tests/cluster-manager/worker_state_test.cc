// Cerium. Licensed under the Apache License 2.0.
#include "cluster-manager/worker/worker_state.h"

#include <signal.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <optional>
#include <random>
#include <set>

#include "base/util/error.h"

namespace cerium::cluster_manager {
namespace {

using namespace worker;
namespace p = cerium::protocol;

/// A worker with the test's clock and its latest instructions.
struct Worker {
  static WorkerState::Options options() {
    WorkerState::Options options;
    options.self.worker = "worker-1";
    options.addresses = 2;
    return options;
  }

  WorkerState state{options()};
  Millis now = 0;
  Instructions last;

  Instructions& on(Event event) { return last = state.on(event, now); }
  Instructions& says(p::ClusterMessage message) { return on(FromManager{std::move(message)}); }
  Instructions& tick(Millis later) {
    now += later;
    return on(Tick{77});
  }
  void registerNow() {
    tick(0);
    on(Connected{});
    says(p::WorkerAccepted{"manager:7077"});
  }

  template <class T>
  const T* find() const {
    for (const auto& each : last) {
      if (const T* found = std::get_if<T>(&each)) return found;
    }
    return nullptr;
  }
  template <class T>
  const T* sent() const {
    for (const auto& each : last) {
      const Send* send = std::get_if<Send>(&each);
      if (send == nullptr) continue;
      if (const T* found = std::get_if<T>(&send->message)) return found;
    }
    return nullptr;
  }
};

p::LaunchExecutor launch(int64_t executor) {
  p::LaunchExecutor message;
  message.application = "app-1";
  message.executor = executor;
  message.cores = 2;
  message.memory = 100;
  return message;
}
ChildId executor(int64_t id) { return {"app-1", id}; }

p::LaunchDriver launchDriver() {
  p::LaunchDriver message;
  message.order.driver = "driver-1";
  return message;
}
const ChildId kDriver{"driver-1", -1};

Ended exited(const ChildId& child, int status = 0) {
  Ended ended{child, {}};
  ended.how.exit_status = status;
  return ended;
}

}  // namespace

TEST_CASE("a worker registers, and sends a heartbeat each second", "[cluster-manager][worker]") {
  Worker worker;
  REQUIRE(worker.tick(0).size() == 1);
  CHECK(worker.find<Connect>()->address == 0);
  worker.on(Connected{});
  REQUIRE(worker.sent<p::RegisterWorker>());
  CHECK(worker.sent<p::RegisterWorker>()->worker == "worker-1");
  CHECK(worker.sent<p::RegisterWorker>()->executors.empty());
  worker.tick(500);
  CHECK_FALSE(worker.sent<p::WorkerHeartbeat>());
  worker.says(p::WorkerAccepted{"manager:7077"});
  CHECK(worker.state.manager() == "manager:7077");
  int heartbeats = 0;
  for (int i = 0; i < 50; ++i) {
    worker.tick(200);
    if (const auto* beat = worker.sent<p::WorkerHeartbeat>()) {
      ++heartbeats;
      CHECK(beat->memory_used == 77);
    }
  }
  CHECK(heartbeats == 10);
}

TEST_CASE("the managers' addresses are tried in turn, ever less often", "[cluster-manager][worker]") {
  Worker worker;
  std::vector<size_t> addresses;
  std::vector<Millis> pauses;
  Millis failed_at = 0;
  while (addresses.size() < 9) {
    worker.tick(10);
    if (const Connect* connect = worker.find<Connect>()) {
      addresses.push_back(connect->address);
      pauses.push_back(worker.now - failed_at);
      worker.on(ConnectFailed{"refused"});
      failed_at = worker.now;
    }
  }
  CHECK(addresses == std::vector<size_t>{0, 1, 0, 1, 0, 1, 0, 1, 0});
  CHECK(std::vector(pauses.begin() + 1, pauses.end()) ==
        std::vector<Millis>{100, 200, 400, 800, 1600, 2000, 2000, 2000});
  worker.now += 3000;
  worker.registerNow();
  worker.on(Disconnected{"reset"});
  worker.tick(100);
  CHECK(worker.find<Connect>());  // soon again
}

TEST_CASE("a standby is left for the next address, and a silent manager too", "[cluster-manager][worker]") {
  Worker worker;
  worker.tick(0);
  worker.on(Connected{});
  SECTION("a standby") { worker.says(p::Refused{"manager 2 is in charge", true}); }
  SECTION("a refusal") { worker.says(p::Refused{"no", false}); }
  SECTION("silence") {
    worker.tick(9'999);
    CHECK_FALSE(worker.find<Disconnect>());
    worker.tick(1);
  }
  CHECK(worker.find<Disconnect>());
  worker.on(Disconnected{"we closed it"});
  CHECK(worker.last.empty());
  worker.tick(100);
  REQUIRE(worker.find<Connect>());
  CHECK(worker.find<Connect>()->address == 1);
}

TEST_CASE("an executor is started and reported, and so is its end", "[cluster-manager][worker]") {
  Worker worker;
  worker.registerNow();
  worker.says(launch(3));
  REQUIRE(worker.find<Start>());
  CHECK(worker.find<Start>()->child == executor(3));
  CHECK(worker.state.coresUsed() == 2);
  CHECK(worker.state.memoryUsed() == 100);
  worker.says(launch(3));
  CHECK(worker.last.empty());
  worker.on(Started{executor(3), "host:/log"});
  REQUIRE(worker.sent<p::ExecutorStarted>());
  CHECK(worker.sent<p::ExecutorStarted>()->log == "host:/log");
  Ended ended = exited(executor(3));
  ended.how.signal = SIGSEGV;
  ended.how.crash_record = Bytes("record");
  worker.on(ended);
  REQUIRE(worker.sent<p::ExecutorExited>());
  CHECK(worker.sent<p::ExecutorExited>()->how.signal == SIGSEGV);
  CHECK(worker.sent<p::ExecutorExited>()->how.crash_record.view() == "record");
  CHECK(worker.state.coresUsed() == 0);
  worker.on(ended);
  CHECK(worker.last.empty());
}

TEST_CASE("an executor that cannot be started is reported as ended", "[cluster-manager][worker]") {
  Worker worker;
  worker.registerNow();
  worker.says(launch(1));
  Ended ended = exited(executor(1), 127);
  ended.how.reason = "cannot start";
  worker.on(ended);
  REQUIRE(worker.sent<p::ExecutorExited>());
  CHECK(worker.sent<p::ExecutorExited>()->how.reason == "cannot start");
}

TEST_CASE("an executor that is told to end is killed after five seconds", "[cluster-manager][worker]") {
  Worker worker;
  worker.registerNow();
  worker.says(launch(1));
  worker.on(Started{executor(1), "log"});
  worker.says(p::EndExecutor{"app-1", 1, "not needed"});
  REQUIRE(worker.find<Signal>());
  CHECK(worker.find<Signal>()->signal == SIGTERM);
  worker.says(p::EndExecutor{"app-1", 1, "again"});
  CHECK(worker.last.empty());
  worker.tick(4'999);
  CHECK_FALSE(worker.find<Signal>());
  worker.tick(1);
  REQUIRE(worker.find<Signal>());
  CHECK(worker.find<Signal>()->signal == SIGKILL);
  worker.tick(10'000);
  CHECK_FALSE(worker.find<Signal>());
  Ended ended = exited(executor(1));
  ended.how.signal = SIGKILL;
  ended.how.reason = "killed by the memory limit";
  worker.on(ended);
  CHECK(worker.sent<p::ExecutorExited>()->how.reason == "not needed");
}

TEST_CASE("a child that is told to end while it starts ends once it has started", "[cluster-manager][worker]") {
  Worker worker;
  worker.registerNow();
  worker.says(launchDriver());
  worker.says(p::EndDriver{"driver-1", "killed by its user"});
  CHECK_FALSE(worker.find<Signal>());
  worker.on(Started{kDriver, "log"});
  CHECK(worker.find<Signal>());
  CHECK_FALSE(worker.sent<p::DriverStarted>());
  worker.on(exited(kDriver));
  CHECK(worker.sent<p::DriverExited>()->how.reason == "killed by its user");
}

TEST_CASE("an interrupt reaches a driver that runs, and no other", "[cluster-manager][worker]") {
  Worker worker;
  worker.registerNow();
  worker.says(launchDriver());
  SECTION("a starting driver ends once it has started") {
    worker.says(p::InterruptDriver{"driver-1"});
    CHECK_FALSE(worker.find<Signal>());
    worker.on(Started{kDriver, "log"});
    CHECK(worker.find<Signal>()->signal == SIGTERM);
    return;
  }
  worker.on(Started{kDriver, "log"});
  worker.says(p::InterruptDriver{"driver-2"});
  CHECK_FALSE(worker.find<Signal>());
  worker.says(p::InterruptDriver{"driver-1"});
  CHECK(worker.find<Signal>()->signal == SIGINT);
  // a second time, because a new manager does not know that it was delivered
  worker.says(p::InterruptDriver{"driver-1"});
  CHECK_FALSE(worker.find<Signal>());
  worker.on(exited(kDriver));
  worker.says(p::InterruptDriver{"driver-1"});
  CHECK_FALSE(worker.find<Signal>());
}

TEST_CASE("a manager that comes back hears of all running and ended children", "[cluster-manager][worker]") {
  Worker worker;
  worker.registerNow();
  for (int id : {1, 2}) {
    worker.says(launch(id));
    worker.on(Started{executor(id), "log"});
  }
  worker.says(launchDriver());
  worker.on(Started{kDriver, "log"});
  worker.on(Disconnected{"reset"});
  CHECK_FALSE(worker.find<Signal>());  // executors and drivers keep running
  worker.on(exited(executor(1), 9));
  worker.on(exited(kDriver));
  CHECK(worker.last.empty());

  worker.tick(100);
  worker.on(Connected{});
  REQUIRE(worker.sent<p::RegisterWorker>());
  REQUIRE(worker.sent<p::RegisterWorker>()->executors.size() == 2);
  const auto& executors = worker.sent<p::RegisterWorker>()->executors;
  CHECK((executors[0].cores == 0 && executors[0].memory == 0));  // ended: its room may be another's by now
  CHECK((executors[1].cores == 2 && executors[1].memory == 100));
  CHECK(worker.sent<p::RegisterWorker>()->drivers == std::vector<std::string>{"driver-1"});
  worker.says(p::WorkerAccepted{"manager:7077"});
  REQUIRE(worker.sent<p::ExecutorExited>());
  CHECK(worker.sent<p::ExecutorExited>()->executor == 1);
  CHECK(worker.sent<p::ExecutorExited>()->how.exit_status == 9);
  CHECK(worker.sent<p::DriverExited>());

  SECTION("an end that may have been lost with the connection is told again") {
    worker.on(Disconnected{"reset"});
    worker.tick(100);
    worker.on(Connected{});
    worker.says(p::WorkerAccepted{"manager:7077"});
    CHECK(worker.sent<p::ExecutorExited>());
  }
  SECTION("however long the manager stood still before it was lost") {
    worker.tick(3'600'000);
    worker.on(Disconnected{"reset"});
    worker.tick(100);
    worker.on(Connected{});
    CHECK(worker.sent<p::RegisterWorker>()->drivers == std::vector<std::string>{"driver-1"});
    worker.says(p::WorkerAccepted{"manager:7077"});
    CHECK(worker.sent<p::DriverExited>());
  }
  SECTION("but not when the manager has noted it") {
    worker.says(p::EndNoted{"app-1", 1});
    worker.says(p::EndNoted{"app-1", 2});  // the executor runs
    worker.says(p::EndNoted{"driver-1", -1});
    CHECK(worker.state.children().size() == 1);
  }
  SECTION("nor when the manager does not want to know") {
    worker.says(p::EndExecutor{"app-1", 1, "unknown"});
    CHECK_FALSE(worker.find<Signal>());
    CHECK_FALSE(worker.state.children().contains(executor(1)));
  }
}

TEST_CASE("a worker that is asked to leave waits for what it runs", "[cluster-manager][worker]") {
  Worker worker;
  worker.registerNow();
  worker.says(launch(1));
  worker.on(Started{executor(1), "log"});
  worker.on(LeaveAsked{});
  CHECK(worker.sent<p::WorkerLeaving>());
  CHECK_FALSE(worker.find<Signal>());
  worker.says(p::LeaveWhenIdle{});

  SECTION("it leaves when that has ended") {
    worker.tick(50'000);
    CHECK_FALSE(worker.find<Leave>());
    worker.on(exited(executor(1)));
    CHECK(worker.sent<p::ExecutorExited>());
    CHECK(worker.find<Leave>());
    CHECK(worker.tick(1000).empty());
  }
  SECTION("it starts nothing more") {
    worker.says(launch(2));
    CHECK_FALSE(worker.find<Start>());
    REQUIRE(worker.sent<p::ExecutorExited>());
    CHECK_THAT(worker.sent<p::ExecutorExited>()->how.reason, Catch::Contains("leaves"));
  }
  SECTION("not for more than a minute") {
    worker.tick(59'999);
    CHECK_FALSE(worker.find<Signal>());
    worker.tick(1);
    REQUIRE(worker.find<Signal>());
    CHECK(worker.find<Signal>()->signal == SIGKILL);
    CHECK_FALSE(worker.find<Leave>());
    worker.on(exited(executor(1)));
    CHECK(worker.find<Leave>());
  }
  SECTION("at once when it is asked again") {
    worker.on(LeaveAsked{});
    REQUIRE(worker.find<Signal>());
    CHECK(worker.find<Signal>()->signal == SIGKILL);
    worker.on(exited(executor(1)));
    CHECK(worker.find<Leave>());
  }
  SECTION("a manager that comes back is told again") {
    worker.on(Disconnected{"reset"});
    worker.tick(100);
    worker.on(Connected{});
    REQUIRE(worker.sent<p::RegisterWorker>());
    CHECK(worker.sent<p::RegisterWorker>()->leaving);
  }
}

TEST_CASE("a worker does not leave before a manager has noted the end of its drivers", "[cluster-manager][worker]") {
  Worker worker;
  worker.registerNow();
  worker.says(launchDriver());
  worker.on(Started{kDriver, "log"});
  worker.on(Disconnected{"reset"});
  worker.on(exited(kDriver));
  worker.on(LeaveAsked{});
  CHECK_FALSE(worker.find<Leave>());
  SECTION("once one has") {
    worker.tick(10'000);
    worker.on(Connected{});
    worker.says(p::WorkerAccepted{"manager:7077"});
    worker.says(p::LeaveWhenIdle{});
    CHECK_FALSE(worker.find<Leave>());
    worker.says(p::EndNoted{"driver-1", -1});
  }
  SECTION("for a minute") {
    worker.tick(59'999);
    CHECK_FALSE(worker.find<Leave>());
    worker.tick(1);
  }
  SECTION("unless it is told twice") { worker.on(LeaveAsked{}); }
  CHECK(worker.find<Leave>());
}

TEST_CASE("a worker that runs nothing leaves at the manager's word, or soon without it", "[cluster-manager][worker]") {
  Worker worker;
  SECTION("asked by the manager alone") {
    worker.registerNow();
    worker.says(p::LeaveWhenIdle{});
    CHECK(worker.find<Leave>());
  }
  SECTION("asked by its user") {
    worker.registerNow();
    worker.on(LeaveAsked{});
    CHECK_FALSE(worker.find<Leave>());
    SECTION("with an answer") { worker.says(p::LeaveWhenIdle{}); }
    SECTION("without one") { worker.tick(2'000); }
    SECTION("asked twice") { worker.on(LeaveAsked{}); }
    CHECK(worker.find<Leave>());
  }
  SECTION("without a manager") {
    worker.on(LeaveAsked{});
    CHECK(worker.find<Leave>());
  }
}

TEST_CASE("messages that are not for workers are refused", "[cluster-manager][worker]") {
  Worker worker;
  worker.registerNow();
  CHECK_THROWS_AS(worker.says(p::RegisterWorker{}), CorruptData);
  CHECK_THROWS_AS(worker.says(p::SubmitDriver{}), CorruptData);
}

TEST_CASE("a worker's resources add up after any order of events", "[cluster-manager][worker]") {
  for (uint32_t seed = 0; seed < 300; ++seed) {
    CAPTURE(seed);
    std::mt19937 random(seed);
    const auto pick = [&](int n) { return static_cast<int>(random() % static_cast<uint32_t>(n)); };
    Worker worker;
    bool link_open = false, connecting = false, left = false;
    std::set<ChildId> starting, running;
    std::set<ChildId> unreported;  // started children whose end was not reported on any connection
    int next = 0;
    for (int step = 0; step < 400 && !left; ++step) {
      std::vector<Event> events;
      const auto some = [&](const std::set<ChildId>& all) {
        return *std::next(all.begin(), pick(static_cast<int>(all.size())));
      };
      switch (pick(9)) {
        case 0:
          if (connecting) events.push_back(pick(3) == 0 ? Event(ConnectFailed{"no"}) : Event(Connected{}));
          break;
        case 1:
          if (link_open && pick(6) == 0) events.push_back(Disconnected{"cut"});
          break;
        case 2:
          if (link_open) events.push_back(FromManager{p::WorkerAccepted{"m"}});
          break;
        case 3:
        case 4:
          if (link_open && worker.state.link() == WorkerState::Link::kRegistered)
            events.push_back(FromManager{launch(pick(3) == 0 ? pick(next + 1) : next++)});
          break;
        case 5:
          if (!starting.empty()) events.push_back(Started{some(starting), "log"});
          break;
        case 6:
          if (!running.empty() || !starting.empty())
            events.push_back(exited(some(running.empty() ? starting : running)));
          break;
        case 7:
          if (link_open && next > 0) events.push_back(FromManager{p::EndExecutor{"app-1", pick(next), "because"}});
          break;
        case 8:
          worker.now += pick(700);
          events.push_back(pick(200) == 0 ? Event(LeaveAsked{}) : Event(Tick{}));
          break;
      }
      for (const Event& event : events) {
        if (const auto* started = std::get_if<Started>(&event)) {
          starting.erase(started->child);
          running.insert(started->child);
        }
        if (const auto* ended = std::get_if<Ended>(&event)) {
          starting.erase(ended->child);
          running.erase(ended->child);
          unreported.insert(ended->child);
        }
        if (std::holds_alternative<Connected>(event)) connecting = false, link_open = true;
        if (std::holds_alternative<ConnectFailed>(event)) connecting = false;
        if (std::holds_alternative<Disconnected>(event)) link_open = false;
        if (const auto* from = std::get_if<FromManager>(&event)) {
          // The manager needs no report of an end that it has ordered.
          if (const auto* end = std::get_if<p::EndExecutor>(&from->message)) unreported.erase(executor(end->executor));
        }
        for (const auto& given : worker.on(event)) {
          if (std::holds_alternative<Connect>(given)) {
            REQUIRE_FALSE(connecting);
            REQUIRE_FALSE(link_open);
            connecting = true;
          } else if (std::holds_alternative<Disconnect>(given)) {
            link_open = false;
          } else if (const auto* start = std::get_if<Start>(&given)) {
            REQUIRE_FALSE(running.contains(start->child));
            REQUIRE(starting.insert(start->child).second);
          } else if (const auto* signal = std::get_if<Signal>(&given)) {
            REQUIRE(running.contains(signal->child));
          } else if (std::holds_alternative<Leave>(given)) {
            REQUIRE((running.empty() && starting.empty()));
            left = true;
          } else if (const auto* send = std::get_if<Send>(&given)) {
            REQUIRE(link_open);
            if (const auto* told = std::get_if<p::ExecutorExited>(&send->message)) {
              REQUIRE_FALSE(running.contains(executor(told->executor)));
              unreported.erase(executor(told->executor));
            }
            if (const auto* all = std::get_if<p::RegisterWorker>(&send->message)) {
              std::set<ChildId> listed;
              int cores = 0;
              for (const auto& each : all->executors) {
                listed.insert({each.application, each.executor});
                cores += each.cores;
              }
              REQUIRE(cores == worker.state.coresUsed());
              for (const ChildId& each : running) REQUIRE(listed.contains(each));
              for (const ChildId& each : starting) REQUIRE(listed.contains(each));
              for (const ChildId& each : unreported) REQUIRE(listed.contains(each));
            }
          }
        }
        REQUIRE(worker.state.coresUsed() == 2 * static_cast<int>(running.size() + starting.size()));
        if (worker.state.link() == WorkerState::Link::kRegistered) REQUIRE(unreported.empty());
      }
    }
  }
}

}  // namespace cerium::cluster_manager
