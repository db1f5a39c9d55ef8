// Cerium. Licensed under the Apache License 2.0.
// What the scheduler wants done: each kind of instruction a struct of one variant. They are carried out in the order in
// which they are given: no task is told to stop before it is launched, no stage is dropped under a launch.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/events/events.h"
#include "driver/scheduler/dag_scheduler.h"
#include "driver/scheduler/failure.h"
#include "rdd/storage_level.h"

namespace cerium::out {

// ---- for the backend

/// Tasks of this stage will be launched. `shuffle` is what they write; null for the result stage of `job`.
struct AddStage {
  StageId stage;
  NodePtr node;
  std::shared_ptr<ShuffleDependency> shuffle;
  JobId job;
};
/// No task of this stage will be launched any more: executors may forget it.
struct DropStage {
  StageId stage;
};
/// A cached partition that a task may read, and an executor that has it.
struct CachedInput {
  RddId rdd;
  int partition = -1;
  ExecutorId holder;
};
struct LaunchedTask {
  TaskId task;
  StageRef stage;
  int partition = -1;
  int attempt = 0;
  std::vector<CachedInput> cached;
};
/// Where the map outputs of a shuffle are. `epoch` grows with each change.
struct ShuffleLocations {
  ShuffleId shuffle;
  int64_t epoch = 0;
  std::shared_ptr<const MapOutputs> outputs;
};
/// Start `tasks` on the executor, in their order, as cores become free there. `shuffles` lists the shuffles that the
/// tasks read. The launch has no locations where Scheduler::Options::locates_inputs is false.
struct Launch {
  ExecutorId executor;
  std::vector<LaunchedTask> tasks;
  std::vector<ShuffleLocations> shuffles;
};
struct KillTask {
  ExecutorId executor;
  TaskId task;
  std::string reason;
};
/// The task was killed or failed, and has ended: nothing waits for it at a barrier.
struct TaskGone {
  TaskId task;
};
/// Fetch the result that waits at the executor, and report the end of the task again, with the result.
struct FetchResult {
  ExecutorId executor;
  TaskId task;
};
/// Nothing wants the result that waits at the executor.
struct DropResult {
  ExecutorId executor;
  TaskId task;
};
/// End an executor that other executors cannot reach, and report its loss.
struct EndExecutor {
  ExecutorId executor;
  std::string reason;
};
/// Have the executor give back its cores and memory, and go on serving its map outputs.
struct RetireExecutor {
  ExecutorId executor;
};
/// End an executor that is not needed any more, and report its loss.
struct LetGo {
  ExecutorId executor;
  std::string reason;
};
/// So many executors there should be.
struct WantExecutors {
  int executors = 0;
};
/// Have `to` fetch these map outputs from `from` and serve them.
struct MoveShuffle {
  ShuffleId shuffle;
  std::vector<int> maps;
  std::vector<uint64_t> checksums;  ///< Of each, so that no other attempt's output is moved.
  int reduces = 0;
  ExecutorId from;
  ExecutorId to;
};
/// Have `to` fetch and cache a copy of this block.
struct CopyBlock {
  RddId rdd;
  int partition = -1;
  StorageLevel level;
  ExecutorId from;
  ExecutorId to;
};
struct DropShuffle {
  ShuffleId shuffle;
};
/// Drop the cached partitions of an RDD.
struct DropRdd {
  RddId rdd;
};

// ---- for the program

/// The first success of (stage, partition): merge its accumulators, and where it is a result task of `job`, hand the
/// result over. Answer with in::DeliveryFailed where that throws.
struct Deliver {
  TaskId task;
  StageRef stage;
  JobId job;  ///< Invalid for a map task.
  int partition = -1;
  int attempt = 0;
};
/// The job was to make the output of a shuffle, which exists: hand out its sizes.
struct HandOutSizes {
  JobId job;
  std::shared_ptr<const ShuffleSizes> sizes;
};
/// Answer with in::JobConfirmed, after any in::DeliveryFailed of the instructions before.
struct ConfirmJob {
  JobId job;
};
/// The job is over. `failure` is empty where it succeeded.
struct EndJob {
  JobId job;
  std::optional<Failure> failure;
};

// ---- for readers of events and of the log

/// Post the event, stamped with the wall clock.
struct Tell {
  events::Event event;
};
struct Log {
  bool is_warning = false;
  std::string text;
};

using Instruction = std::variant<AddStage, DropStage, Launch, KillTask, TaskGone, FetchResult, DropResult, EndExecutor,
                                 RetireExecutor, LetGo, WantExecutors, MoveShuffle, CopyBlock, DropShuffle, DropRdd,
                                 Deliver, HandOutSizes, ConfirmJob, EndJob, Tell, Log>;
using Instructions = std::vector<Instruction>;

}  // namespace cerium::out
