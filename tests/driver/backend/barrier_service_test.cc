// Cerium. Licensed under the Apache License 2.0.
#include "driver/backend/barrier_service.h"

#include <catch2/catch.hpp>

namespace cerium {
namespace {

const ExecutorId kA(1);
const ExecutorId kB(2);

protocol::BarrierEnter enters(int partition, int64_t task) {
  return {7, 0, partition, task, "of task " + std::to_string(task)};
}

}  // namespace

TEST_CASE("a barrier opens when all tasks of the stage are there", "[driver][barrier]") {
  BarrierService desk;
  CHECK(desk.enter(kA, enters(0, 10), 2).empty());
  const auto releases = desk.enter(kB, enters(1, 11), 2);
  REQUIRE(releases.size() == 2);
  CHECK(releases[0].first == kA);
  CHECK(releases[0].second.messages == std::vector<std::string>{"of task 10", "of task 11"});
  CHECK(desk.enter(kA, enters(0, 10), 2).empty());  // the next round
}

TEST_CASE("a killed task that comes to its barrier late is not taken for the one that took its place",
          "[driver][barrier][fault]") {
  BarrierService desk;
  desk.taskGone(TaskId(10));        // it threw...
  desk.taskKilled(kB, TaskId(11));  // ...so the other was killed, deep in the user's code
  CHECK(desk.enter(kA, enters(0, 20), 2).empty());
  CHECK(desk.enter(kB, enters(1, 11), 2).empty());
  const auto releases = desk.enter(kB, enters(1, 21), 2);
  REQUIRE(releases.size() == 2);
  CHECK(releases[1].second.messages == std::vector<std::string>{"of task 20", "of task 21"});
}

TEST_CASE("a task that ended while it waited leaves the barrier", "[driver][barrier][fault]") {
  BarrierService desk;
  CHECK(desk.enter(kA, enters(0, 10), 2).empty());
  SECTION("it failed") { desk.taskGone(TaskId(10)); }
  SECTION("it was killed") { desk.taskKilled(kA, TaskId(10)); }
  SECTION("its executor is lost") { desk.executorGone(kA); }
  SECTION("its stage is over") { desk.forgetStage(StageId(7)); }
  CHECK(desk.enter(kB, enters(1, 11), 2).empty());
  CHECK(desk.enter(kA, enters(0, 20), 2).size() == 2);
}

}  // namespace cerium
