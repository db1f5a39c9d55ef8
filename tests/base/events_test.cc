// Cerium. Licensed under the Apache License 2.0.
#include "base/events/events.h"

#include <catch2/catch.hpp>
#include <set>
#include <string>

#include "base/protocol/messages.h"

namespace cerium {
namespace {

/// first, first + 1, ... in the order of the fields.
TaskMetrics counted(int64_t first) {
  TaskMetrics metrics;
  for (const TaskFigure& figure : kTaskFigures) metrics.*figure.of = first++;
  return metrics;
}

}  // namespace

TEST_CASE("each field of the task metrics is listed once, under a name of its own", "[events]") {
  std::set<std::string> names;
  std::set<int64_t> values;
  const TaskMetrics metrics = counted(1);
  for (const TaskFigure& figure : kTaskFigures) {
    names.insert(figure.name);
    values.insert(metrics.*figure.of);
  }
  CHECK(names.size() == kTaskFigures.size());
  CHECK(values.size() == kTaskFigures.size());  // no two entries name one field
}

TEST_CASE("adding task metrics adds every field", "[events]") {
  TaskMetrics sum = counted(1);
  sum += counted(100);
  int64_t expected = 101;
  for (const TaskFigure& figure : kTaskFigures) {
    INFO(figure.name);
    // A sum of peaks has the largest.
    CHECK(sum.*figure.of == (figure.of == &TaskMetrics::peak_memory_bytes ? (expected + 99) / 2 : expected));
    expected += 2;
  }
}

TEST_CASE("task metrics arrive as they were sent", "[events]") {
  protocol::TaskEnd end;
  end.task = 7;
  end.metrics = counted(int64_t{1} << 40);
  protocol::TasksEnded sent;
  sent.tasks.push_back(end);
  const auto received = std::get<protocol::TasksEnded>(protocol::decode(protocol::encode(sent)));
  REQUIRE(received.tasks.size() == 1);
  CHECK(received.tasks[0].metrics == end.metrics);
}

TEST_CASE("figures of stages add up", "[events]") {
  events::StageFigures sum{.num_tasks = 1, .active_tasks = 2, .completed_tasks = 3, .failed_tasks = 4, .metrics = {}};
  sum += {.num_tasks = 10, .active_tasks = 20, .completed_tasks = 30, .failed_tasks = 40, .metrics = counted(1)};
  CHECK(sum.num_tasks == 11);
  CHECK(sum.active_tasks == 22);
  CHECK(sum.completed_tasks == 33);
  CHECK(sum.failed_tasks == 44);
  CHECK(sum.metrics == counted(1));
}

}  // namespace cerium
