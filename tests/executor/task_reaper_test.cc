// Cerium. Licensed under the Apache License 2.0.
// The decision which tasks are overdue, with the test's own times.
#include "executor/task_reaper.h"

#include <catch2/catch.hpp>

namespace cerium {

using namespace std::chrono_literals;
using Tasks = std::vector<TaskId>;

TEST_CASE("a task that was told to stop is overdue once its grace is over", "[executor][reaper]") {
  const TaskReaper::TimePoint start;
  TaskReaper reaper(10s);
  CHECK_FALSE(reaper.next());
  reaper.told(TaskId(7), start);
  reaper.told(TaskId(3), start + 4s);
  REQUIRE(reaper.next());
  CHECK(*reaper.next() == start + 10s);
  CHECK(reaper.overdue(start + 9'999ms).empty());
  CHECK(reaper.overdue(start + 10s) == Tasks{TaskId(7)});
  CHECK(*reaper.next() == start + 14s);
  CHECK(reaper.overdue(start + 20s) == Tasks{TaskId(3)});
  CHECK_FALSE(reaper.next());
  CHECK(reaper.overdue(start + 60s).empty());  // each is named once
}

TEST_CASE("a task that ends within its grace is never overdue", "[executor][reaper]") {
  const TaskReaper::TimePoint start;
  TaskReaper reaper(10s);
  reaper.told(TaskId(7), start);
  reaper.ended(TaskId(7));
  CHECK_FALSE(reaper.next());
  CHECK(reaper.overdue(start + 1h).empty());
  reaper.ended(TaskId(8));  // a task that was not told to stop
}

TEST_CASE("a task that is told to stop again gets no second grace", "[executor][reaper]") {
  const TaskReaper::TimePoint start;
  TaskReaper reaper(10s);
  reaper.told(TaskId(7), start);
  reaper.told(TaskId(7), start + 9s);
  CHECK(reaper.overdue(start + 10s) == Tasks{TaskId(7)});
}

TEST_CASE("without a positive timeout no task is ever overdue", "[executor][reaper]") {
  const TaskReaper::TimePoint start;
  const auto grace = GENERATE(0ms, -1ms);
  TaskReaper reaper(grace);
  reaper.told(TaskId(7), start);
  CHECK_FALSE(reaper.next());
  CHECK(reaper.overdue(start + 1h).empty());
}

}  // namespace cerium
