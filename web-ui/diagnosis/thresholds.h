// Cerium. Licensed under the Apache License 2.0.
// When the rules of the diagnosis speak. docs/diagnosis.md has the same table for users.
#pragma once

#include <cstdint>

namespace cerium::diagnosis {

struct Thresholds {
  // skew: the longest task of a stage takes so many times the median, and is longer by so much.
  double skew_ratio = 3;
  int64_t skew_ms = 1000;
  int skew_tasks = 4;
  // small-tasks: so many tasks whose median run time is below this.
  int small_tasks = 1000;
  int64_t small_task_ms = 5;
  // few-partitions: a stage that runs so long has fewer tasks than there are cores.
  int64_t few_partitions_ms = 5000;
  // spill: bytes that a stage wrote to disk for want of memory.
  int64_t spill_bytes = 64LL << 20;
  // recomputation: an RDD that is not persisted was computed in so many stages, for so long in all.
  int recomputed_stages = 3;
  int64_t recomputed_ms = 5000;
  // slow-node: tasks of one executor take so many times those of the others, with so many tasks each.
  double slow_ratio = 2;
  int slow_tasks = 5;
  int64_t slow_ms = 1000;
  // waiting: a stage was submitted so long before its first task started.
  int64_t waiting_ms = 5000;
  // driver-time: so much of a job, and at least so long, no stage ran.
  double driver_ratio = 0.3;
  int64_t driver_ms = 3000;
  // large-results: bytes that tasks of a job sent to the driver.
  int64_t result_bytes = 256LL << 20;
  // group-by-key: bytes that a groupByKey wrote for its shuffle.
  int64_t group_bytes = 64LL << 20;
};

}  // namespace cerium::diagnosis
