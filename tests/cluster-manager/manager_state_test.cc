// Cerium. Licensed under the Apache License 2.0.
// A manager's decisions about workers and applications, one by one; manager_simulation_test.cc combines them.
#include "cluster-manager/manager/manager_state.h"

#include <catch2/catch.hpp>

#include "cluster-manager/manager/manager_json.h"
#include "tests/support/tested_manager.h"

namespace cerium::cluster_manager {

using namespace protocol;
using namespace testing;

TEST_CASE("an application gets executors where there is room, and keeps what is granted to it", "[cluster-manager]") {
  TestedManager manager;
  manager.receive(1, worker("a", 4));
  CHECK(manager.takeSent<WorkerAccepted>(1).at(0).manager == "cerium://m:1");
  manager.receive(2, application("app", 2));
  CHECK(manager.takeSent<ApplicationAccepted>(2).size() == 1);
  const auto launched = manager.takeSent<LaunchExecutor>(1);
  REQUIRE(launched.size() == 2);
  CHECK(launched[1].executor == 1);
  CHECK(launched[1].cores == 2);
  CHECK(launched[1].driver_port == 9);
  CHECK(manager.takeSent<ExecutorGranted>(2).size() == 2);
  CHECK(manager.takeSent<ApplicationWaits>(2).back().reason.empty());
  manager.receive(1, ExecutorStarted{"app", 1, "host:log"});
  CHECK(manager.takeSent<ExecutorRunning>(2).at(0).log == "host:log");

  manager.receive(1, ExecutorExited{"app", 1, {.signal = 9}});
  CHECK(manager.takeSent<ExecutorGone>(2).at(0).how.signal == 9);
  CHECK(manager.takeSent<LaunchExecutor>(1).at(0).executor == 2);  // in its place, under a new number
}

TEST_CASE("an application is told what it waits for, and when it no longer does", "[cluster-manager]") {
  TestedManager manager;
  manager.receive(2, application("app", 4));
  CHECK(manager.takeSent<ApplicationWaits>(2).at(0).reason == "no worker is registered");
  manager.receive(1, worker("a", 2));
  CHECK(manager.takeSent<ApplicationWaits>(2).at(0).reason ==
        "needs 4 cores on one worker; the best of 1 worker has 2 free");
  manager.receive(3, worker("b", 4));
  CHECK(manager.takeSent<ApplicationWaits>(2).at(0).reason.empty());
  manager.receive(4, application("later", 4));
  CHECK(manager.takeSent<ApplicationWaits>(4).at(0).reason ==
        "needs 4 cores on one worker; the best of 2 workers has 2 free; waits for applications before it");
  manager.receive(5, application("never", 4, 2));
  CHECK(manager.takeSent<ApplicationWaits>(5).at(0).reason.find("cerium.cores.max=2") == 0);
  manager.receive(2, EndApplication{});
  CHECK(manager.takeSent<LaunchExecutor>(3).size() == 1);  // of the first
  manager.receive(3, ExecutorExited{"app", 0, {}});
  CHECK(manager.takeSent<LaunchExecutor>(3).at(0).application == "later");
  CHECK(manager.takeSent<ApplicationWaits>(4).back().reason.empty());
}

TEST_CASE("executors of an ended application hold their cores until they are gone", "[cluster-manager]") {
  TestedManager manager;
  manager.receive(1, worker("a", 1));
  manager.receive(2, application("app"));
  manager.receive(3, application("next"));
  manager.receive(2, EndApplication{true, "a bug"});
  CHECK(manager.takeSent<EndExecutor>(1).size() == 1);
  CHECK(manager.takeSent<ExecutorGranted>(3).empty());
  manager.receive(1, ExecutorExited{"app", 0, {}});
  CHECK(manager.takeSent<ExecutorGranted>(3).size() == 1);
  CHECK(manager.registry().ended_applications.at(0).state == ApplicationState::kFailed);
  manager.receive(4, application("app"));
  CHECK(manager.takeSent<ApplicationRemoved>(4).at(0).reason == "a bug");
}

TEST_CASE("a driver that does not come back in time loses its application", "[cluster-manager]") {
  TestedManager manager;
  manager.receive(1, worker("a", 2));
  manager.receive(2, application("app", 1, 1));
  manager.disconnect(2);
  manager.pass(9'000, {1});
  CHECK(manager.takeSent<EndExecutor>(1).empty());
  RegisterApplication again = application("app", 1, 1);
  again.executors = {0};
  manager.receive(3, again);
  CHECK(manager.takeSent<ApplicationAccepted>(3).size() == 1);
  manager.pass(20'000, {1});
  CHECK(manager.takeSent<EndExecutor>(1).empty());
  manager.disconnect(3);
  manager.pass(11'000, {1});
  CHECK(manager.takeSent<EndExecutor>(1).size() == 1);
  CHECK(manager.registry().applications.empty());
}

TEST_CASE("a reconnected driver and the manager agree on executors at once", "[cluster-manager]") {
  TestedManager manager;
  manager.receive(1, worker("a", 2));
  manager.receive(2, application("app", 1, 2));
  manager.takeSent<LaunchExecutor>(1);
  RegisterApplication again = application("app", 1, 2);
  again.executors = {1, 17};
  manager.receive(3, again);  // before the old connection is known to be broken
  CHECK(manager.isClosed(2));
  manager.disconnect(2);
  CHECK(manager.takeSent<EndExecutor>(1).at(0).executor == 0);
  CHECK(manager.takeSent<ExecutorGone>(3).at(0).executor == 17);
  manager.receive(1, ExecutorExited{"app", 0, {}});
  CHECK(manager.takeSent<LaunchExecutor>(1).at(0).executor == 18);
}

TEST_CASE("a worker is lost when its connection breaks or it is silent", "[cluster-manager]") {
  TestedManager manager;
  manager.receive(1, worker("a", 1));
  manager.receive(2, worker("b", 1));
  manager.receive(3, application("app"));
  manager.disconnect(1);
  CHECK(manager.takeSent<ExecutorGone>(3).empty());
  manager.pass(2'100, {2});
  CHECK(manager.takeSent<ExecutorGone>(3).at(0).worker_lost);
  CHECK(manager.registry().workers.size() == 1);
  manager.pass(8'000);
  CHECK(manager.takeSent<ExecutorGone>(3).empty());
  manager.pass(4'000);
  CHECK(manager.takeSent<ExecutorGone>(3).size() == 1);
  CHECK(manager.isClosed(2));
  CHECK(manager.registry().workers.empty());
  CHECK(manager.takeSent<ApplicationWaits>(3).back().reason == "no worker is registered");

  RegisterWorker back = worker("a", 1);
  back.executors = {{"app", 0, 1, kGiB}};
  manager.receive(4, back);
  CHECK(manager.takeSent<EndExecutor>(4).at(0).executor == 0);
  CHECK(manager.takeSent<LaunchExecutor>(4).empty());  // its core is not free yet
  manager.receive(4, ExecutorExited{"app", 0, {}});
  CHECK(manager.takeSent<LaunchExecutor>(4).size() == 1);
}

TEST_CASE("a worker that is back at once has lost nothing", "[cluster-manager]") {
  TestedManager manager;
  manager.receive(1, worker("a", 2));
  manager.receive(2, application("app", 1, 1));
  manager.receive(3, SubmitDriver{order("driver-1")});
  manager.receive(1, DriverStarted{"driver-1"});
  manager.disconnect(1);
  manager.receive(4, application("other", 1, 1));
  manager.pass(500);
  CHECK(manager.takeSent<LaunchExecutor>(1).size() == 1);  // nothing is sent on a broken connection
  RegisterWorker back = worker("a", 2);
  back.executors = {{"app", 0, 1, kGiB}};
  back.drivers = {"driver-1"};
  manager.receive(5, back);
  manager.pass(5'000, {5});
  CHECK(manager.takeSent<ExecutorGone>(2).empty());
  CHECK(manager.takeSent<EndExecutor>(5).empty());
  CHECK(manager.takeSent<EndDriver>(5).empty());
  CHECK(manager.registry().drivers.at("driver-1").record.state == DriverState::kRunning);
}

TEST_CASE("a worker on which executors do not start rests, and others are tried", "[cluster-manager]") {
  TestedManager manager;
  manager.receive(1, worker("a", 8));
  manager.receive(2, application("app", 1, 1));
  manager.takeSent<ApplicationWaits>(2);
  const auto fails = [&](ConnectionId at) {
    const auto launched = manager.takeSent<LaunchExecutor>(at);
    if (launched.size() == 1) manager.receive(at, ExecutorExited{"app", launched[0].executor, {.exit_status = 127}});
    return launched.size() == 1;
  };
  for (int i = 0; i < 3; ++i) CHECK(fails(1));
  CHECK_FALSE(fails(1));
  CHECK(manager.takeSent<ApplicationWaits>(2).back().reason.find("end as soon as they start on 1 of 1 workers") !=
        std::string::npos);
  manager.pass(200, {1});
  CHECK(fails(1));
  CHECK_FALSE(fails(1));
  manager.receive(3, worker("b", 1));  // the smaller worker, but it does not rest
  CHECK(manager.takeSent<LaunchExecutor>(3).size() == 1);
  manager.pass(20'000, {1, 3});
  CHECK(manager.takeSent<LaunchExecutor>(1).empty());
}

TEST_CASE("executors' ids are not given twice, and retired ones are known, by a manager without a journal",
          "[cluster-manager]") {
  TestedManager manager;
  RegisterApplication message = application("app", 1, 2);
  message.executors = {3, 4};
  message.retired = {3};
  message.next_executor = 17;
  manager.receive(2, message);
  RegisterWorker back = worker("a", 3);
  back.executors = {{"app", 3, 1, kGiB}, {"app", 4, 1, kGiB}};
  manager.receive(1, back);
  CHECK(manager.takeSent<FreeExecutor>(1).at(0).executor == 3);
  CHECK(manager.registry().workers.at("a").given.cores == 2);
  CHECK(manager.takeSent<LaunchExecutor>(1).at(0).executor == 17);
}

TEST_CASE("a worker that was told to leave leaves on when it registers again", "[cluster-manager]") {
  TestedManager manager;
  RegisterWorker message = worker("a", 4);
  message.leaving = true;
  manager.receive(1, message);
  CHECK(manager.takeSent<LeaveWhenIdle>(1).size() == 1);
  manager.receive(2, application("app"));
  CHECK(manager.takeSent<LaunchExecutor>(1).empty());
}

TEST_CASE("a worker that leaves gets nothing new, and its applications are told", "[cluster-manager]") {
  TestedManager manager;
  manager.receive(1, worker("a", 4));
  manager.receive(2, application("app", 1, 1));
  manager.receive(3, DecommissionWorkers{"host-of-a"});
  CHECK(manager.takeSent<Decommissioning>(3).at(0).workers == std::vector<std::string>{"a"});
  CHECK(manager.takeSent<LeaveWhenIdle>(1).size() == 1);
  CHECK(manager.takeSent<ExecutorLeaving>(2).at(0).executor == 0);
  manager.receive(4, application("other"));
  CHECK(manager.takeSent<ApplicationWaits>(4).at(0).reason.find("none of 1 worker takes") == 0);
  manager.takeSent<LaunchExecutor>(1);
  manager.receive(2, ReleaseExecutor{0, "moved"});
  CHECK(manager.takeSent<EndExecutor>(1).size() == 1);
  manager.receive(1, ExecutorExited{"app", 0, {}});
  CHECK(manager.takeSent<LaunchExecutor>(1).empty());
  manager.receive(5, worker("b", 4));
  CHECK(manager.takeSent<LaunchExecutor>(5).size() == 4);
}

TEST_CASE("a worker whose old registration comes after the new one is not given more than it has",
          "[cluster-manager]") {
  TestedManager manager;
  manager.receive(2, application("app", 2));
  manager.receive(3, worker("a", 2));
  CHECK(manager.takeSent<LaunchExecutor>(3).at(0).executor == 0);
  manager.receive(1, worker("a", 2));  // on a connection that the worker has given up; messages to it are lost
  CHECK(manager.takeSent<LaunchExecutor>(1).at(0).executor == 1);
  manager.disconnect(1);
  RegisterWorker back = worker("a", 2);
  back.executors = {{"app", 0, 2, kGiB}};
  manager.receive(4, back);
  CHECK(manager.takeSent<EndExecutor>(4).at(0).executor == 0);
  CHECK(manager.takeSent<LaunchExecutor>(4).empty());
  manager.receive(4, ExecutorExited{"app", 0, {}});
  CHECK(manager.takeSent<LaunchExecutor>(4).at(0).executor == 2);
}

TEST_CASE("an application says how many executors it wants", "[cluster-manager]") {
  TestedManager manager;
  manager.receive(1, worker("a", 8));
  RegisterApplication message = application("app");
  message.executors_wanted = 2;
  manager.receive(2, message);
  CHECK(manager.takeSent<LaunchExecutor>(1).size() == 2);
  manager.receive(2, WantExecutors{4});
  CHECK(manager.takeSent<LaunchExecutor>(1).size() == 2);
  manager.receive(2, WantExecutors{3});
  manager.receive(2, ReleaseExecutor{1, "idle"});
  manager.receive(2, ReleaseExecutor{1, "idle"});
  manager.receive(1, ExecutorExited{"app", 1, {}});
  CHECK(manager.takeSent<LaunchExecutor>(1).empty());
  CHECK(manager.registry().applications.at("app").record.application.executors_wanted == 3);
  manager.receive(2, ReleaseExecutor{0, "broken"});
  manager.receive(1, ExecutorExited{"app", 0, {}});
  CHECK(manager.takeSent<LaunchExecutor>(1).size() == 1);
  manager.receive(2, ReleaseExecutor{77, "unknown"});
  CHECK(manager.takeSent<ExecutorGone>(2).back().executor == 77);
}

TEST_CASE("impossible registrations are refused", "[cluster-manager]") {
  TestedManager manager;
  manager.receive(1, worker("../../etc", 1));
  manager.receive(2, worker("a", 0));
  manager.receive(3, worker("b", 1, 0));
  manager.receive(4, application("a/b"));
  manager.receive(5, application("-x"));
  manager.receive(6, SubmitDriver{order(".hidden")});
  RegisterApplication numbers = application("app");
  numbers.executors = {-1};
  manager.receive(7, numbers);
  numbers.executors = {INT64_MAX};
  manager.receive(8, numbers);
  for (ConnectionId connection = 1; connection <= 8; ++connection) {
    CHECK(manager.takeSent<Refused>(connection).size() == 1);
    CHECK(manager.isClosed(connection));
  }
  CHECK(manager.registry().workers.empty());
  CHECK(manager.registry().applications.empty());
  CHECK(manager.registry().drivers.empty());
}

TEST_CASE("a peer that sends messages of a role it has not registered is disconnected", "[cluster-manager]") {
  TestedManager manager;
  manager.receive(1, WorkerHeartbeat{});
  manager.receive(2, ExecutorExited{"app", 0, {}});
  manager.receive(3, WantExecutors{1});
  manager.receive(4, LaunchExecutor{});
  manager.receive(5, worker("a", 1));
  manager.receive(5, application("app"));
  manager.receive(6, application("app"));
  manager.receive(6, WorkerLeaving{});
  for (ConnectionId connection = 1; connection <= 6; ++connection) CHECK(manager.isClosed(connection));
  CHECK_FALSE(manager.registry().workers.at("a").as.leaving);
}

TEST_CASE("a worker that took the place of another ends it", "[cluster-manager]") {
  TestedManager manager;
  RegisterWorker first = worker("a", 1);
  RegisterWorker second = worker("b", 1);
  second.host = first.host;
  manager.receive(1, first);
  manager.receive(2, second);
  CHECK(manager.isClosed(1));
  CHECK(manager.registry().workers.size() == 1);
  manager.receive(3, second);  // on another connection, before the first is known to be broken
  CHECK(manager.isClosed(2));
  manager.disconnect(2);
  CHECK(manager.registry().workers.size() == 1);
}

TEST_CASE("an application that is killed frees its executors, and its driver is told", "[cluster-manager]") {
  TestedManager manager;
  manager.receive(1, worker("a", 1));
  manager.receive(2, application("app"));
  manager.receive(3, application("next"));
  manager.wish(&ManagerState::killApplication, "unknown");
  manager.wish(&ManagerState::killApplication, "app");
  CHECK_THAT(manager.takeSent<ApplicationRemoved>(2).at(0).reason,
             Catch::Contains("killed in the manager's web pages"));
  CHECK(manager.takeSent<EndExecutor>(1).at(0).application == "app");
  const ApplicationRecord& ended = manager.registry().ended_applications.at(0);
  CHECK(ended.state == ApplicationState::kKilled);
  CHECK_THAT(nameOf(ended.state), Catch::Equals("KILLED"));
  CHECK(std::get<ApplicationRecord>(manager.journal().back()).state == ApplicationState::kKilled);
  manager.receive(1, ExecutorExited{"app", 0, {}});
  CHECK(manager.takeSent<ExecutorGranted>(3).size() == 1);
  manager.wish(&ManagerState::killApplication, "app");
  CHECK(manager.registry().ended_applications.size() == 1);
  manager.receive(4, application("app"));
  CHECK(manager.takeSent<ApplicationRemoved>(4).size() == 1);
}

TEST_CASE("a worker that is drained gets no new work and leaves when it is idle", "[cluster-manager]") {
  TestedManager manager;
  manager.receive(1, worker("a", 2));
  manager.receive(2, application("app", 1, 1));
  manager.wish(&ManagerState::drainWorker, "b");
  CHECK(manager.takeSent<LeaveWhenIdle>(1).empty());
  manager.wish(&ManagerState::drainWorker, "a");
  CHECK(manager.takeSent<LeaveWhenIdle>(1).size() == 1);
  CHECK(manager.takeSent<ExecutorLeaving>(2).at(0).executor == 0);
  manager.takeSent<LaunchExecutor>(1);
  manager.receive(3, application("later", 1, 1));
  CHECK(manager.takeSent<LaunchExecutor>(1).empty());
}

TEST_CASE("the manager's JSON shows waiting work and held resources", "[cluster-manager]") {
  TestedManager manager;
  manager.receive(1, worker("a", 4));
  manager.receive(2, application("app", 3));
  manager.receive(3, application("waiting \"one\"", 3));
  manager.receive(3, application("waiting-one", 3));
  const std::string json = managerJson(manager.registry(), {"cerium://m:1", "ALIVE", 0});
  for (
      const char* part :
      {R"("status":"ALIVE")", R"("coresused":3)", R"("coresfree":1)", R"("memoryused":1024)", R"("id":"app")",
       R"("state":"RUNNING")", R"("state":"WAITING")", R"("host":"host-of-a")",
       R"("waits":"needs 3 cores on one worker; the best of 1 worker has 1 free; waits for applications before it")"}) {
    CHECK_THAT(json, Catch::Contains(part));
  }
}

}  // namespace cerium::cluster_manager
