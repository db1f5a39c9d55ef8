// Cerium. Licensed under the Apache License 2.0.
// What the manager's pages and Prometheus get, from one cluster in which everything happens.
#include "cluster-manager/manager/cluster_json.h"

#include <boost/json.hpp>
#include <catch2/catch.hpp>
#include <string>

#include "tests/support/tested_manager.h"

namespace cerium::cluster_manager {

using namespace protocol;
using namespace testing;

namespace {

/// A worker with 4 cores; an application that runs on 3 of them, one that waits, one that has ended.
void fill(TestedManager& manager) {
  manager.receive(1, worker("a", 4));
  manager.receive(9, application("done", 1, 1));
  manager.receive(9, EndApplication{true, "a bug"});
  manager.receive(1, ExecutorExited{"done", 0, {}});
  manager.receive(2, application("app", 3));
  manager.receive(3, application("waiting", 3, 6));
}

}  // namespace

TEST_CASE("the manager's pages get what runs, what waits and why, and what has ended", "[cluster-manager]") {
  TestedManager manager;
  fill(manager);
  const auto json =
      boost::json::parse(clusterJson(manager.registry(), {"cerium://m:1", "ALIVE", 1'000'000}, 17)).as_object();
  CHECK(json.at("url") == "cerium://m:1");
  CHECK(json.at("status") == "ALIVE");
  CHECK(json.at("now") == 17);
  CHECK(json.at("cores") == 4);
  CHECK(json.at("coresUsed") == 3);
  CHECK(json.at("memoryBytes") == 16 * kGiB);
  const auto& row = json.at("workers").as_array().at(0).as_object();
  CHECK(row.at("status") == "ALIVE");
  CHECK(row.at("coresUsed") == 3);
  CHECK(row.at("executors") == 1);
  CHECK(row.at("heartbeatAt") == 1'001'000);
  const auto& applications = json.at("applications").as_array();
  REQUIRE(applications.size() == 3);
  const auto& running = applications[0].as_object();
  CHECK(running.at("id") == "app");
  CHECK(running.at("status") == "RUNNING");
  CHECK(running.at("endedAt").is_null());
  CHECK(running.at("executors").as_array().at(0).at("worker") == "a");
  CHECK(running.at("executors").as_array().at(0).at("status") == "LAUNCHING");
  const auto& waiting = applications[1].as_object();
  CHECK(waiting.at("status") == "WAITING");
  CHECK(waiting.at("coresWanted") == 6);
  CHECK_THAT(std::string(waiting.at("waits").as_string()), Catch::StartsWith("needs 3 cores on one worker"));
  const auto& ended = applications[2].as_object();
  CHECK(ended.at("status") == "FAILED");
  CHECK(ended.at("reason") == "a bug");
  CHECK(ended.at("endedAt").is_int64());
  CHECK(json.at("drivers").as_array().empty());
}

TEST_CASE("the manager's pages get drivers, and workers that are gone", "[cluster-manager]") {
  TestedManager manager;
  manager.receive(1, worker("a", 4));
  DriverOrder submitted = order("driver-1");
  submitted.name = "bad \xff";
  manager.receive(5, SubmitDriver{submitted});
  auto json = boost::json::parse(clusterJson(manager.registry(), {"cerium://m:1", "ALIVE", 0}, 0)).as_object();
  const auto driver = json.at("drivers").as_array().at(0).as_object();
  CHECK(driver.at("name") == "bad \\xFF");
  CHECK(driver.at("status") == "RUNNING");
  CHECK(driver.at("active") == true);
  CHECK(driver.at("exitStatus").is_null());
  manager.wish(&ManagerState::killDriver, std::string(driver.at("id").as_string()));
  CHECK(manager.takeSent<EndDriver>(1).size() == 1);
  manager.disconnect(1);
  json = boost::json::parse(clusterJson(manager.registry(), {"cerium://m:1", "ALIVE", 0}, 0)).as_object();
  CHECK(json.at("workers").as_array().at(0).at("status") == "UNKNOWN");
  CHECK(json.at("workers").as_array().at(0).at("reason") == "its connection broke");
  manager.pass(30'000);
  json = boost::json::parse(clusterJson(manager.registry(), {"cerium://m:1", "ALIVE", 0}, 0)).as_object();
  CHECK(json.at("workers").as_array().at(0).at("status") == "DEAD");
  CHECK(json.at("drivers").as_array().at(0).at("status") == "KILLED");
  CHECK(json.at("cores") == 0);
}

TEST_CASE("Prometheus gets the manager's workers, cores and queue", "[cluster-manager]") {
  TestedManager manager;
  fill(manager);
  const std::string text = clusterMetrics(manager.registry()).body;
  for (const char* line :
       {"cerium_cluster_workers{state=\"alive\"} 1\n", "cerium_cluster_cores{state=\"used\"} 3\n",
        "cerium_cluster_cores{state=\"free\"} 1\n", "cerium_cluster_applications{state=\"waiting\"} 1\n",
        "cerium_cluster_executors 1\n", "cerium_cluster_memory_bytes{state=\"used\"} "}) {
    CHECK_THAT(text, Catch::Contains(line));
  }
}

}  // namespace cerium::cluster_manager
