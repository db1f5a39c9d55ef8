// Cerium. Licensed under the Apache License 2.0.
// The DAG scheduler as its tests drive it, one event at a time.
#pragma once

#include <catch2/catch.hpp>
#include <utility>
#include <vector>

#include "driver/scheduler/dag_scheduler.h"
#include "tests/support/fake_node.h"

namespace cerium::test {

using Partitions = std::vector<int>;

inline constexpr ExecutorId kA{0};
inline constexpr ExecutorId kB{1};

/// A DAG scheduler that is checked after each event, with short names for the events.
struct Dag {
  DagScheduler scheduler{DagScheduler::Options{}};
  FakeLineage lineage;
  int64_t next_job = 0;

  template <class T>
  T checked(T result) {
    REQUIRE(scheduler.checkInvariants() == "");
    return result;
  }
  dag::Instructions submit(const NodePtr& node, Partitions partitions) {
    return checked(scheduler.submitJob({JobId(next_job++), node, std::move(partitions), ""}));
  }
  dag::Instructions submit(const NodePtr& node) {
    Partitions all;
    for (int p = 0; p < node->numPartitions(); ++p) all.push_back(p);
    return submit(node, all);
  }
  /// Makes the output of the shuffle that `node` reads.
  dag::Instructions materialise(const NodePtr& node) {
    const auto& shuffle = node->dependencies().front().shuffle;
    return checked(scheduler.submitJob({JobId(next_job++), shuffle->parent(), {}, "", shuffle}));
  }
  TaskVerdict succeed(StageRef stage, int partition, ExecutorId executor = kA, uint64_t checksum = 0,
                      const std::vector<PartSize>& sizes = {}) {
    return checked(scheduler.taskSucceeded(stage, partition, {executor, checksum}, sizes));
  }
  /// All the tasks succeed. Returns what follows from the last.
  dag::Instructions succeedAll(const dag::SubmitTasks& tasks, ExecutorId executor = kA) {
    dag::Instructions last;
    for (int partition : tasks.partitions) last = succeed(tasks.stage, partition, executor).instructions;
    return last;
  }
  dag::Instructions fetchFail(StageRef stage, int partition, ShuffleId shuffle, int map, ExecutorId source) {
    return checked(scheduler.fetchFailed(stage, partition, shuffle, map, source, "connection reset"));
  }
  dag::Instructions lose(ExecutorId executor) { return checked(scheduler.executorLost(executor, "gone")); }
  [[nodiscard]] bool isIdle() const { return scheduler.activeJobs() == 0 && scheduler.activeStages() == 0; }
};

/// The one SubmitTasks of the instructions.
inline dag::SubmitTasks theOne(const dag::Instructions& instructions) {
  const auto submitted = only<dag::SubmitTasks>(instructions);
  REQUIRE(submitted.size() == 1);
  return submitted.front();
}

}  // namespace cerium::test
