// Cerium. Licensed under the Apache License 2.0.
// A manager's decisions about drivers in the cluster.
#include <catch2/catch.hpp>

#include "tests/support/tested_manager.h"

namespace cerium::cluster_manager {

using namespace protocol;
using namespace testing;

TEST_CASE("drivers in the cluster are placed first, watched, and end with the status they had", "[cluster-manager]") {
  TestedManager manager;
  manager.receive(2, application("app"));
  manager.receive(3, SubmitDriver{order("driver-1")});
  CHECK(manager.takeSent<DriverStatus>(3).back().detail == "no worker is registered");
  manager.receive(1, worker("a", 1));
  CHECK(manager.takeSent<LaunchDriver>(1).size() == 1);
  CHECK(manager.takeSent<LaunchExecutor>(1).empty());
  CHECK(lastState(manager.takeSent<DriverStatus>(3)) == "RUNNING");
  RegisterApplication its = application("app-of-driver");
  its.driver = "driver-1";
  manager.receive(4, its);
  manager.receive(1, DriverExited{"driver-1", {.exit_status = 3, .log_end = "oh no"}});
  const auto heard = manager.takeSent<DriverStatus>(3);
  CHECK(lastState(heard) == "FAILED");
  CHECK(heard.back().exit_status == 3);
  CHECK(heard.back().detail.find("oh no") != std::string::npos);
  CHECK_FALSE(manager.registry().applications.contains("app-of-driver"));
  CHECK(manager.takeSent<LaunchExecutor>(1).size() == 1);
  manager.receive(5, AskDriver{"driver-2"});
  CHECK(lastState(manager.takeSent<DriverStatus>(5)) == "UNKNOWN");
}

TEST_CASE("a supervised driver is launched again, later and later, a killed one is not", "[cluster-manager]") {
  TestedManager manager;
  manager.receive(1, worker("a", 1));
  manager.receive(2, SubmitDriver{order("driver-1", true)});
  for (const Millis pause : {1'000, 2'000, 4'000}) {
    CHECK(manager.takeSent<LaunchDriver>(1).size() == 1);
    manager.receive(1, DriverExited{"driver-1", {.signal = 11}});
    CHECK(lastState(manager.takeSent<DriverStatus>(2)) == "RELAUNCHING");
    manager.pass(pause - 200, {1});
    CHECK(manager.takeSent<LaunchDriver>(1).empty());
    manager.pass(500, {1});
  }
  CHECK(manager.takeSent<LaunchDriver>(1).size() == 1);
  manager.receive(3, KillDriver{"driver-1"});
  CHECK(manager.takeSent<EndDriver>(1).size() == 1);
  manager.receive(1, DriverExited{"driver-1", {.signal = 15}});
  CHECK(lastState(manager.takeSent<DriverStatus>(3)) == "KILLED");
  manager.pass(70'000, {1});
  CHECK(manager.takeSent<LaunchDriver>(1).empty());
}

TEST_CASE("an interrupt is passed on to the worker of a driver that runs", "[cluster-manager]") {
  TestedManager manager;
  manager.receive(2, SubmitDriver{order("driver-0")});
  manager.receive(2, InterruptDriver{"driver-0"});
  CHECK(lastState(manager.takeSent<DriverStatus>(2)) == "KILLED");  // it had no jobs to cancel
  manager.receive(2, SubmitDriver{order("driver-1", true)});
  manager.receive(1, worker("a", 1));
  CHECK(manager.takeSent<LaunchDriver>(1).size() == 1);
  CHECK(manager.takeSent<InterruptDriver>(1).empty());
  manager.receive(3, InterruptDriver{"driver-1"});
  CHECK(manager.takeSent<InterruptDriver>(1).size() == 1);
  manager.receive(3, InterruptDriver{"driver-of-nobody"});
  CHECK(lastState(manager.takeSent<DriverStatus>(3)) == "UNKNOWN");
  manager.receive(1, DriverExited{"driver-1", {.exit_status = 1}});
  manager.pass(70'000, {1});
  CHECK(manager.takeSent<LaunchDriver>(1).empty());  // its user did not want it to begin anew
  CHECK(lastState(manager.takeSent<DriverStatus>(3)) == "FAILED");
}

TEST_CASE("a worker that comes back hears of the interrupt that it may have missed", "[cluster-manager]") {
  TestedManager manager;
  manager.receive(1, worker("a", 1));
  manager.receive(2, SubmitDriver{order("driver-1")});
  manager.disconnect(1);
  manager.receive(2, InterruptDriver{"driver-1"});
  RegisterWorker back = worker("a", 1);
  back.drivers = {"driver-1"};
  manager.receive(3, back);
  CHECK(manager.takeSent<InterruptDriver>(3).size() == 1);
  TestedManager after(manager.journal());
  after.receive(4, back);
  CHECK(after.takeSent<InterruptDriver>(4).size() == 1);
}

TEST_CASE("a driver whose worker is lost is launched again if supervised, else lost", "[cluster-manager]") {
  TestedManager manager;
  manager.receive(1, worker("a", 2));
  manager.receive(2, SubmitDriver{order("driver-1")});
  manager.receive(2, SubmitDriver{order("driver-2", true)});
  manager.receive(1, DriverStarted{"driver-1"});
  manager.receive(1, DriverStarted{"driver-2"});
  manager.disconnect(1);
  manager.receive(3, worker("b", 2));
  RegisterApplication its = application("app");
  its.driver = "driver-2";
  its.executors_wanted = 0;
  manager.receive(5, its);
  manager.pass(20'000, {3});
  CHECK(manager.takeSent<LaunchDriver>(3).empty());  // its application is connected, so it runs
  manager.disconnect(5);
  manager.pass(21'000, {3});
  CHECK(manager.takeSent<LaunchDriver>(3).at(0).order.driver == "driver-2");
  CHECK(manager.registry().drivers.at("driver-1").record.state == DriverState::kLost);
  RegisterWorker back = worker("a", 2);
  back.drivers = {"driver-1", "driver-2"};
  manager.receive(4, back);
  CHECK(manager.takeSent<EndDriver>(4).size() == 2);
  manager.receive(4, DriverExited{"driver-2", {.signal = 9}});
  CHECK(manager.registry().drivers.at("driver-2").record.state == DriverState::kRunning);  // the one at b
}

TEST_CASE("a driver that was out of reach is not launched a second time by the next manager", "[cluster-manager]") {
  TestedManager before;
  before.receive(1, worker("a", 2));
  before.receive(2, SubmitDriver{order("driver-1", true)});
  before.receive(1, DriverStarted{"driver-1"});
  RegisterApplication its = application("app");
  its.driver = "driver-1";
  its.executors_wanted = 0;
  const bool has_application = GENERATE(true, false);
  if (has_application) before.receive(3, its);
  before.disconnect(1);
  before.pass(2'000);
  REQUIRE(before.registry().drivers.at("driver-1").record.state == DriverState::kRelaunching);

  TestedManager after(before.state().snapshot());
  after.receive(4, worker("b", 2));
  after.pass(5'000, {4});
  if (has_application) after.receive(5, its);
  after.pass(4'500, {4});
  CHECK(after.takeSent<LaunchDriver>(4).empty());
  after.pass(10'000, {4});
  CHECK(after.takeSent<LaunchDriver>(4).empty() == has_application);
  if (!has_application) return;
  after.disconnect(5);
  after.pass(9'500, {4});
  CHECK(after.takeSent<LaunchDriver>(4).empty());
  after.pass(1'000, {4});
  CHECK(after.takeSent<LaunchDriver>(4).size() == 1);
}

TEST_CASE("a driver that a manager was about to start when it ended is started by the next one", "[cluster-manager]") {
  TestedManager before;
  before.receive(1, worker("a", 2));
  before.receive(2, SubmitDriver{order("driver-1")});
  const bool was_started = GENERATE(true, false);
  if (was_started) before.receive(1, DriverStarted{"driver-1"});
  TestedManager after(before.journal());
  after.receive(3, AskDriver{"driver-1"});
  after.receive(1, worker("a", 2));  // the worker does not run the driver
  CHECK(after.takeSent<LaunchDriver>(1).empty() == was_started);
  CHECK(lastState(after.takeSent<DriverStatus>(3)) == (was_started ? "LOST" : "RUNNING"));
}

TEST_CASE("a driver that is killed while the order to start it gets lost is not started", "[cluster-manager]") {
  TestedManager manager;
  manager.receive(1, worker("a", 2));
  manager.receive(2, SubmitDriver{order("driver-1")});
  manager.disconnect(1);
  SECTION("killed") { manager.receive(2, KillDriver{"driver-1"}); }
  SECTION("interrupted") { manager.receive(2, InterruptDriver{"driver-1"}); }
  manager.receive(3, worker("a", 2));
  CHECK(manager.takeSent<LaunchDriver>(3).empty());
  CHECK(lastState(manager.takeSent<DriverStatus>(2)) == "KILLED");
}

TEST_CASE("a driver whose order to start was lost with the connection is ordered again", "[cluster-manager]") {
  TestedManager manager;
  manager.receive(1, worker("a", 2));
  manager.receive(2, SubmitDriver{order("driver-1")});
  CHECK(manager.takeSent<LaunchDriver>(1).size() == 1);
  manager.receive(3, worker("a", 2));  // on another connection, and without the driver
  CHECK(manager.takeSent<LaunchDriver>(3).size() == 1);
  manager.receive(3, DriverStarted{"driver-1"});
  manager.receive(4, worker("a", 2));
  CHECK(manager.takeSent<LaunchDriver>(4).empty());
  CHECK(lastState(manager.takeSent<DriverStatus>(2)) == "LOST");
}

TEST_CASE("a worker hears that an end is noted, whether or not it was news", "[cluster-manager]") {
  TestedManager manager;
  manager.receive(1, worker("a", 2));
  manager.receive(2, SubmitDriver{order("driver-1")});
  manager.receive(1, DriverExited{"driver-1", {}});
  CHECK(manager.takeSent<EndNoted>(1).at(0).owner == "driver-1");
  CHECK(lastState(manager.takeSent<DriverStatus>(2)) == "FINISHED");
  RegisterWorker again = worker("a", 2);  // the manager's word was lost
  again.drivers = {"driver-1"};
  again.executors = {{"app", 5, 0, 0}};
  manager.receive(3, again);
  manager.receive(3, DriverExited{"driver-1", {}});
  manager.receive(3, ExecutorExited{"app", 5, {}});
  const auto noted = manager.takeSent<EndNoted>(3);
  REQUIRE(noted.size() == 2);
  CHECK((noted[0].owner == "driver-1" && noted[0].executor == -1));
  CHECK((noted[1].owner == "app" && noted[1].executor == 5));
  CHECK(manager.registry().drivers.at("driver-1").record.state == DriverState::kFinished);
  CHECK(manager.takeSent<LaunchDriver>(3).empty());
}

}  // namespace cerium::cluster_manager
