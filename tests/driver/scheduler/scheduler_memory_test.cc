// Cerium. Licensed under the Apache License 2.0.
// What the schedulers hold of many tasks, and of many jobs. Measured by the allocator's counters, where the program has
// an allocator that counts.
#include <catch2/catch.hpp>
#include <numeric>

#include "base/util/heap_meter.h"
#include "driver/scheduler/dag_scheduler.h"
#include "driver/scheduler/task_scheduler.h"
#include "tests/support/fake_node.h"

namespace cerium {
namespace {

using test::FakeLineage;
using test::only;

constexpr ExecutorId kExecutor{0};

/// Both schedulers, with one executor that does at once what it is told.
struct Schedulers {
  DagScheduler dag{DagScheduler::Options{}};
  TaskScheduler tasks{TaskScheduler::Options{}};
  int64_t next_job = 0;
  Millis now = 1;

  Schedulers() { (void)tasks.executorAdded(kExecutor, "h", 2, now); }

  dag::Instructions submit(const NodePtr& node) {
    std::vector<int> all(static_cast<size_t>(node->numPartitions()));
    std::iota(all.begin(), all.end(), 0);
    return dag.submitJob({JobId(next_job++), node, std::move(all), ""});
  }
  /// Hands the tasks over.
  tasks::Instructions launch(dag::Instructions instructions) {
    tasks::Instructions launches;
    for (auto& submitted : only<dag::SubmitTasks>(instructions)) {
      for (auto& each : tasks.submit(submitted, now)) launches.push_back(std::move(each));
    }
    return launches;
  }
  /// Runs a job to its end.
  void run(const NodePtr& node) {
    auto launches = launch(submit(node));
    while (!launches.empty()) {
      tasks::Instructions next;
      const auto take = [&](tasks::Instructions more) {
        for (auto& each : more) next.push_back(std::move(each));
      };
      for (const auto& batch : only<tasks::Launch>(launches)) {
        for (const auto& task : batch.tasks) {
          auto verdict = dag.taskSucceeded(task.stage, task.partition, {kExecutor, 0});
          take(tasks.succeeded(task.id, ++now));
          take(launch(std::move(verdict.instructions)));
        }
      }
      launches = std::move(next);
    }
  }
};

}  // namespace

TEST_CASE("a million tasks of one job cost the schedulers sixteen bytes each at most", "[driver]") {
  constexpr int kTasks = 1'000'000;
  FakeLineage lineage;
  const NodePtr node = lineage.source(kTasks);
  Schedulers schedulers;
  const HeapMeter meter;
  CHECK_FALSE(schedulers.launch(schedulers.submit(node)).empty());
  CHECK(schedulers.tasks.pendingTasks() > kTasks - 1000);
  CHECK(meter.grown(0) <= 16 * kTasks);
}

TEST_CASE("schedulers hold nothing of jobs that have ended", "[driver]") {
  FakeLineage lineage;
  Schedulers schedulers;
  const auto run = [&](int jobs) {
    for (int i = 0; i < jobs; ++i) {
      const NodePtr shuffled = lineage.shuffle({lineage.source(3)}, 2);
      schedulers.run(shuffled);
      schedulers.dag.shuffleReleased(shuffled->dependencies()[0].shuffle->id());
    }
  };
  run(100);
  const HeapMeter meter;
  run(2000);
  CHECK(schedulers.dag.activeJobs() == 0);
  CHECK(schedulers.dag.activeStages() == 0);
  CHECK(schedulers.tasks.pendingTasks() == 0);
  CHECK(meter.grown(0) < 2000);  // less than a byte a job
}

}  // namespace cerium
