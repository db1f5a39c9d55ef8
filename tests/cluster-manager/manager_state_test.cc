// Cerium. Licensed under the Apache License 2.0.
// What a manager decides about workers and applications, one by one; manager_simulation_test.cc has all at once.
#include "cluster-manager/manager/manager_state.h"

#include <catch2/catch.hpp>

#include "cluster-manager/manager/manager_json.h"
#include "tests/support/manager_desk.h"

namespace cerium::cluster_manager {

using namespace protocol;
using namespace testing;

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
  CHECK(desk.registry().ended_applications.at(0).state == ApplicationState::kFailed);
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
  CHECK(desk.registry().applications.empty());
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
  CHECK(desk.registry().workers.size() == 1);
  desk.passes(8'000);
  CHECK(desk.heard<ExecutorGone>(3).empty());
  desk.passes(4'000);
  CHECK(desk.heard<ExecutorGone>(3).size() == 1);
  CHECK(desk.isClosed(2));
  CHECK(desk.registry().workers.empty());
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
  CHECK(desk.registry().drivers.at("driver-1").record.state == DriverState::kRunning);
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
  CHECK(desk.registry().workers.at("a").given.cores == 2);
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

TEST_CASE("a worker whose old registration comes after the new one is not given more than it has",
          "[cluster-manager]") {
  Desk desk;
  desk.says(2, application("app", 2));
  desk.says(3, worker("a", 2));
  CHECK(desk.heard<LaunchExecutor>(3).at(0).executor == 0);
  desk.says(1, worker("a", 2));  // over a connection that the worker had given up; what it is sent there is lost
  CHECK(desk.heard<LaunchExecutor>(1).at(0).executor == 1);
  desk.breaks(1);
  RegisterWorker back = worker("a", 2);
  back.executors = {{"app", 0, 2, kGiB}};
  desk.says(4, back);
  CHECK(desk.heard<EndExecutor>(4).at(0).executor == 0);
  CHECK(desk.heard<LaunchExecutor>(4).empty());
  desk.says(4, ExecutorExited{"app", 0, {}});
  CHECK(desk.heard<LaunchExecutor>(4).at(0).executor == 2);
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
  CHECK(desk.registry().applications.at("app").record.application.executors_wanted == 3);
  desk.says(2, ReleaseExecutor{0, "broken"});
  desk.says(1, ExecutorExited{"app", 0, {}});
  CHECK(desk.heard<LaunchExecutor>(1).size() == 1);
  desk.says(2, ReleaseExecutor{77, "unknown"});
  CHECK(desk.heard<ExecutorGone>(2).back().executor == 77);
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
  CHECK(desk.registry().workers.empty());
  CHECK(desk.registry().applications.empty());
  CHECK(desk.registry().drivers.empty());
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
  CHECK_FALSE(desk.registry().workers.at("a").as.leaving);
}

TEST_CASE("a worker that took the place of another ends it", "[cluster-manager]") {
  Desk desk;
  RegisterWorker first = worker("a", 1);
  RegisterWorker second = worker("b", 1);
  second.host = first.host;
  desk.says(1, first);
  desk.says(2, second);
  CHECK(desk.isClosed(1));
  CHECK(desk.registry().workers.size() == 1);
  desk.says(3, second);  // on another connection, before the first is known to be broken
  CHECK(desk.isClosed(2));
  desk.breaks(2);
  CHECK(desk.registry().workers.size() == 1);
}

TEST_CASE("the manager's JSON has what waits and who holds what", "[cluster-manager]") {
  Desk desk;
  desk.says(1, worker("a", 4));
  desk.says(2, application("app", 3));
  desk.says(3, application("waiting \"one\"", 3));
  desk.says(3, application("waiting-one", 3));
  const std::string json = managerJson(desk.registry(), {"cerium://m:1", "ALIVE", 0});
  for (
      const char* part :
      {R"("status":"ALIVE")", R"("coresused":3)", R"("coresfree":1)", R"("memoryused":1024)", R"("id":"app")",
       R"("state":"RUNNING")", R"("state":"WAITING")", R"("host":"host-of-a")",
       R"("waits":"needs 3 cores on one worker; the best of 1 worker has 1 free; waits for applications before it")"}) {
    CHECK_THAT(json, Catch::Contains(part));
  }
}

}  // namespace cerium::cluster_manager
