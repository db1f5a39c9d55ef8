// Cerium. Licensed under the Apache License 2.0.
// A manager's decisions after silence of others, after a standstill of its own, and with a journal.
#include <catch2/catch.hpp>

#include "tests/support/tested_manager.h"

namespace cerium::cluster_manager {

using namespace protocol;
using namespace testing;

TEST_CASE("a manager that stood still gives workers and drivers time to be heard", "[cluster-manager]") {
  TestedManager manager;
  manager.receive(1, worker("a", 2));
  manager.receive(2, application("app", 1, 1));
  manager.pass(1'000, {1});
  manager.standStill(60'000);
  manager.pass(9'000);
  CHECK(manager.takeSent<ExecutorGone>(2).empty());
  manager.pass(2'000);
  CHECK(manager.takeSent<ExecutorGone>(2).size() == 1);
}

TEST_CASE("after a standstill a manager gives no more than the usual time", "[cluster-manager]") {
  TestedManager manager;
  manager.receive(1, worker("a", 2));
  manager.receive(2, worker("b", 2));
  manager.receive(3, application("app", 1, 4));
  manager.pass(1'000, {1, 2});
  manager.standStill(60'000);
  manager.disconnect(1);  // handled before the manager knows how late it is, as are b's messages
  manager.receive(2, WorkerHeartbeat{});
  manager.pass(9'000, {2});
  CHECK(manager.takeSent<ExecutorGone>(3).empty());
  manager.pass(2'000, {2});
  CHECK(manager.takeSent<ExecutorGone>(3).size() == 2);
}

TEST_CASE("a manager that was cut off gives up no worker or driver that comes back", "[cluster-manager]") {
  TestedManager manager;
  manager.receive(1, worker("a", 2));
  manager.receive(2, worker("b", 2));
  manager.receive(3, application("app", 1, 2));
  manager.receive(4, SubmitDriver{order("driver-1")});
  manager.receive(4, SubmitDriver{order("driver-2", true)});
  for (const ConnectionId each : {1, 2}) {
    for (const auto& launched : manager.takeSent<LaunchDriver>(each))
      manager.receive(each, DriverStarted{launched.order.driver});
  }
  manager.pass(2'500, {1, 2});
  RegisterWorker a = worker("a", 2);
  RegisterWorker b = worker("b", 2);
  for (RegisterWorker* each : {&a, &b}) {
    for (const auto& key : manager.registry().executorsOn(each->worker))
      each->executors.push_back({"app", key.second, 1, kGiB});
    for (const auto& [id, share] : manager.registry().workers.at(each->worker).drivers) each->drivers.push_back(id);
  }
  const Millis silence = GENERATE(12'000, 55'000);
  manager.pass(silence - 8'000);
  manager.disconnect(2);  // its keep-alive was not answered, nor was the driver's
  manager.disconnect(3);
  manager.pass(8'000);
  manager.receive(5, a);  // the first message that arrives
  manager.pass(5'000, {5});
  manager.receive(6, b);
  RegisterApplication app = application("app", 1, 2);
  app.executors = {0, 1};
  manager.receive(7, app);
  manager.pass(20'000, {5, 6});
  CHECK(manager.registry().executors.size() == 2);
  for (const ConnectionId each : {3, 7}) CHECK(manager.takeSent<ExecutorGone>(each).empty());
  for (const ConnectionId each : {5, 6}) {
    CHECK(manager.takeSent<EndExecutor>(each).empty());
    CHECK(manager.takeSent<EndDriver>(each).empty());
    CHECK(manager.takeSent<LaunchDriver>(each).empty());
  }
  CHECK(manager.registry().drivers.at("driver-1").record.state == DriverState::kRunning);
}

TEST_CASE("workers that are all silent for a minute are lost, and earlier when another one is heard",
          "[cluster-manager]") {
  TestedManager manager;
  manager.receive(1, worker("a", 2));
  manager.receive(2, worker("b", 2));
  manager.pass(2'000, {1, 2});
  SECTION("no worker is heard") {
    manager.pass(58'000);
    CHECK(manager.registry().workers.size() == 2);
    manager.pass(2'000);
    CHECK(manager.registry().workers.empty());
  }
  SECTION("a new one comes") {
    manager.pass(20'000);
    manager.receive(3, worker("c", 2));
    manager.pass(9'000, {3});
    CHECK(manager.registry().workers.size() == 3);
    manager.pass(2'000, {3});
    CHECK(manager.registry().workers.size() == 1);
  }
}

TEST_CASE("after a restart, running executors and drivers run on", "[cluster-manager]") {
  const bool worker_first = GENERATE(true, false);
  TestedManager before;
  before.receive(1, worker("a", 4));
  before.receive(2, application("app", 1, 3));
  before.receive(3, SubmitDriver{order("driver-1")});
  before.receive(1, DriverStarted{"driver-1"});
  TestedManager after(before.journal());
  CHECK(after.registry().areRecovering());
  after.receive(6, application("new"));
  CHECK(after.takeSent<ExecutorGranted>(6).empty());

  RegisterWorker again = worker("a", 4);
  again.executors = {{"app", 0, 1, kGiB}, {"app", 1, 1, kGiB}, {"app", 2, 1, kGiB}};
  again.drivers = {"driver-1"};
  RegisterApplication app = application("app", 1, 3);
  app.executors = {0, 1, 2};
  if (worker_first) after.receive(4, again);
  after.pass(2'000, {});
  after.receive(5, app);
  if (!worker_first) after.receive(4, again);
  after.pass(20'000, {4});
  CHECK(after.takeSent<EndExecutor>(4).empty());
  CHECK(after.takeSent<EndDriver>(4).empty());
  CHECK(after.takeSent<LaunchExecutor>(4).empty());
  CHECK(after.takeSent<ExecutorGone>(5).empty());
  CHECK(after.registry().executors.size() == 3);
  CHECK_FALSE(after.registry().areRecovering());
  after.receive(7, AskDriver{"driver-1"});
  CHECK(lastState(after.takeSent<DriverStatus>(7)) == "RUNNING");
}

TEST_CASE("after a restart, workers and applications that do not come back are given up", "[cluster-manager]") {
  TestedManager before;
  before.receive(1, worker("a", 4));
  before.receive(2, worker("b", 4));
  before.receive(3, application("app", 1, 8));
  before.receive(4, application("gone"));
  before.receive(5, SubmitDriver{order("driver-1")});
  before.receive(5, SubmitDriver{order("driver-2", true)});
  TestedManager after(before.state().snapshot());
  RegisterApplication app = application("app", 1, 8);
  app.executors = {0, 1, 2, 3, 4, 5, 6, 7};
  after.receive(3, app);
  RegisterWorker a = worker("a", 4);
  for (const auto& key : before.registry().executorsOn("a")) a.executors.push_back({"app", key.second, 1, kGiB});
  after.receive(1, a);
  after.pass(9'000, {1});
  CHECK(after.takeSent<ExecutorGone>(3).empty());
  after.pass(3'000, {1});
  CHECK(after.takeSent<ExecutorGone>(3).size() == 4);
  CHECK(after.registry().applications.size() == 1);
  CHECK(after.registry().workers.size() == 1);
}

TEST_CASE("executors of an application that the journal does not name wait for its driver", "[cluster-manager]") {
  TestedManager manager;
  RegisterWorker message = worker("a", 4);
  message.executors = {{"app", 5, 1, kGiB}, {"other", 0, 1, kGiB}};
  manager.receive(1, message);
  manager.pass(5'000, {1});
  RegisterApplication app = application("app", 1, 2);
  app.executors = {5};
  manager.receive(2, app);
  CHECK(manager.takeSent<LaunchExecutor>(1).at(0).executor == 6);
  manager.pass(10'000, {1});
  CHECK(manager.takeSent<EndExecutor>(1).at(0).application == "other");
}

TEST_CASE("the journal holds only what a restart needs", "[cluster-manager]") {
  const std::string long_text(100'000, 'x');
  TestedManager manager;
  RegisterApplication app = application("app", 2);
  app.program.arguments = {long_text};
  app.executor_environment = {{"A", long_text}};
  manager.receive(2, app);
  DriverOrder with_files = order("driver-1");
  with_files.cores = 2;
  with_files.program.arguments = {long_text};
  with_files.environment = {{"A", long_text}};
  manager.receive(3, SubmitDriver{with_files});
  const auto bytesOf = [](const std::vector<JournalRecord>& records) {
    size_t bytes = 0;
    for (const JournalRecord& each : records) bytes += encodeRecord(each).size();
    return bytes;
  };
  SECTION("why a driver waits") {
    const size_t before = manager.journal().size();
    manager.takeSent<DriverStatus>(3);
    manager.receive(1, worker("a", 1));
    CHECK(manager.takeSent<DriverStatus>(3).size() == 1);
    CHECK(manager.journal().size() == before + 1);  // the worker
  }
  SECTION("the command line of an application, at each executor, and of what has ended") {
    manager.receive(1, worker("a", 8));
    const size_t before = bytesOf(manager.journal());
    manager.receive(2, ReleaseExecutor{0, "idle"});
    manager.receive(2, WantExecutors{7});
    manager.receive(1, ExecutorExited{"app", 0, {}});
    CHECK(manager.takeSent<LaunchExecutor>(1).back().executor == 3);
    manager.receive(2, EndApplication{});
    manager.receive(1, DriverExited{"driver-1", {}});
    CHECK(bytesOf(manager.journal()) - before < 10'000);
    CHECK(bytesOf(manager.state().snapshot()) < 10'000);
  }
  SECTION("but the number of the next executor is") {
    manager.receive(1, worker("a", 8));
    RegisterApplication again = app;
    again.executors = {0};  // the news about the others was lost with the manager
    TestedManager after(manager.journal());
    after.receive(2, again);
    RegisterWorker a = worker("a", 8);
    a.executors = {{"app", 0, 2, kGiB}};
    a.drivers = {"driver-1"};
    after.receive(1, a);
    CHECK(after.takeSent<LaunchExecutor>(1).at(0).executor == 3);
  }
}

}  // namespace cerium::cluster_manager
