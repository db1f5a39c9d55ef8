// Cerium. Licensed under the Apache License 2.0.
// What a manager makes of silence, of the time in which it stood still itself, and of a journal.
#include <catch2/catch.hpp>

#include "tests/support/manager_desk.h"

namespace cerium::cluster_manager {

using namespace protocol;
using namespace testing;

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
    for (const auto& key : desk.registry().executorsOn(each->worker))
      each->executors.push_back({"app", key.second, 1, kGiB});
    for (const auto& [id, share] : desk.registry().workers.at(each->worker).drivers) each->drivers.push_back(id);
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
  CHECK(desk.registry().executors.size() == 2);
  for (const ConnectionId each : {3, 7}) CHECK(desk.heard<ExecutorGone>(each).empty());
  for (const ConnectionId each : {5, 6}) {
    CHECK(desk.heard<EndExecutor>(each).empty());
    CHECK(desk.heard<EndDriver>(each).empty());
    CHECK(desk.heard<LaunchDriver>(each).empty());
  }
  CHECK(desk.registry().drivers.at("driver-1").record.state == DriverState::kRunning);
}

TEST_CASE("workers that are all silent for a minute are lost, and earlier when another one is heard",
          "[cluster-manager]") {
  Desk desk;
  desk.says(1, worker("a", 2));
  desk.says(2, worker("b", 2));
  desk.passes(2'000, {1, 2});
  SECTION("nobody is heard") {
    desk.passes(58'000);
    CHECK(desk.registry().workers.size() == 2);
    desk.passes(2'000);
    CHECK(desk.registry().workers.empty());
  }
  SECTION("a new one comes") {
    desk.passes(20'000);
    desk.says(3, worker("c", 2));
    desk.passes(9'000, {3});
    CHECK(desk.registry().workers.size() == 3);
    desk.passes(2'000, {3});
    CHECK(desk.registry().workers.size() == 1);
  }
}

TEST_CASE("after a restart, what was running runs on as if nothing had been", "[cluster-manager]") {
  const bool worker_first = GENERATE(true, false);
  Desk before;
  before.says(1, worker("a", 4));
  before.says(2, application("app", 1, 3));
  before.says(3, SubmitDriver{order("driver-1")});
  before.says(1, DriverStarted{"driver-1"});
  Desk after(before.journal());
  CHECK(after.registry().areRecovering());
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
  CHECK(after.registry().executors.size() == 3);
  CHECK_FALSE(after.registry().areRecovering());
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
  for (const auto& key : before.registry().executorsOn("a")) a.executors.push_back({"app", key.second, 1, kGiB});
  after.says(1, a);
  after.passes(9'000, {1});
  CHECK(after.heard<ExecutorGone>(3).empty());
  after.passes(3'000, {1});
  CHECK(after.heard<ExecutorGone>(3).size() == 4);
  CHECK(after.registry().applications.size() == 1);
  CHECK(after.registry().workers.size() == 1);
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

}  // namespace cerium::cluster_manager
