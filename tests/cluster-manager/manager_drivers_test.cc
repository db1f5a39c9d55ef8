// Cerium. Licensed under the Apache License 2.0.
// What a manager decides about drivers that run in the cluster.
#include <catch2/catch.hpp>

#include "tests/support/manager_desk.h"

namespace cerium::cluster_manager {

using namespace protocol;
using namespace testing;

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
  CHECK_FALSE(desk.registry().applications.contains("app-of-driver"));
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
  CHECK(desk.registry().drivers.at("driver-1").record.state == DriverState::kLost);
  RegisterWorker back = worker("a", 2);
  back.drivers = {"driver-1", "driver-2"};
  desk.says(4, back);
  CHECK(desk.heard<EndDriver>(4).size() == 2);
  desk.says(4, DriverExited{"driver-2", {.signal = 9}});
  CHECK(desk.registry().drivers.at("driver-2").record.state == DriverState::kRunning);  // the one at b
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
  REQUIRE(before.registry().drivers.at("driver-1").record.state == DriverState::kRelaunching);

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
  CHECK(desk.registry().drivers.at("driver-1").record.state == DriverState::kFinished);
  CHECK(desk.heard<LaunchDriver>(3).empty());
}

}  // namespace cerium::cluster_manager
