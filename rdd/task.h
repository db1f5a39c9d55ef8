// Cerium. Licensed under the Apache License 2.0.
// Tasks: the stage whose code a task runs, its launch, the report of its end, and changes of cached blocks.
#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <unordered_map>
#include <utility>
#include <vector>

#include "rdd/accumulator_cell.h"
#include "rdd/task_body.h"

namespace cerium {

/// A stage as an executor holds it.
struct StageCode {
  StageId id;
  int num_partitions = 0;
  std::shared_ptr<const TaskBody> body;
  std::optional<ShuffleId> shuffle;  ///< The shuffle that its tasks write; none for a result stage.
  std::unordered_map<std::string, std::string> properties;
  /// How long it took to decode `body`. The first task that runs takes it into its figures.
  mutable std::atomic<int64_t> decode_micros{0};
};
using StageCodePtr = std::shared_ptr<const StageCode>;

/// A task on its way to an executor.
struct TaskLaunch {
  TaskId id;
  StageCodePtr stage;
  int stage_attempt = 0;
  int partition = 0;
  int attempt = 0;
  std::vector<std::tuple<RddId, int, Bytes>> data;  ///< For the source partitions that it reads (encodePartition()).
};

/// How a task ended: all of it that the scheduler looks at.
struct TaskEnd {
  /// kNotSent: the task never ran, because the program's code threw in the driver while the task was encoded.
  enum class Outcome { kSuccess, kUserException, kFetchFailed, kEngineFailure, kKilled, kNotSent };
  TaskId id;
  Outcome outcome = Outcome::kSuccess;
  uint64_t map_checksum = 0;        ///< Of a map task: MapOutput::checksum.
  std::vector<PartSize> map_sizes;  ///< Of a map task: MapOutput::sizes.
  bool kept = false;                ///< The result is large, and waits at the executor for the driver to fetch it.
  TaskMetrics metrics;
  std::string message;
  std::string exception_type;
  std::string call_site;
  ShuffleId shuffle;  ///< The shuffle of a failed fetch, with `map` and `source`.
  int map = -1;
  ExecutorId source;
};

/// What an executor reports at the end of a task: with typed values, which have not left the process yet.
struct TaskReport : TaskEnd {
  StageCodePtr stage;
  std::shared_ptr<void> value;  ///< Of a result task.
  std::vector<std::pair<AccumulatorId, std::unique_ptr<AccumulatorCell>>> cells;
};

/// A cached partition appeared on an executor, moved between its memory and its disk, or was removed.
struct BlockChange {
  RddId rdd;
  int partition = 0;
  bool present = false;
  size_t memory = 0;
  size_t disk = 0;
};

}  // namespace cerium
