// Cerium. Licensed under the Apache License 2.0.
// The events of an application: one struct for each kind, and a variant of all. The driver posts each event once;
// listeners, the status store and logs read it (driver/events/event_bus.h). `at` is the wall clock when the driver
// learned of the event; `took` is a monotonic duration.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "base/events/task_metrics.h"
#include "base/util/ids.h"

namespace cerium::events {

using WallTime = std::chrono::system_clock::time_point;
using Took = std::chrono::milliseconds;
using Settings = std::vector<std::pair<std::string, std::string>>;

[[nodiscard]] inline WallTime wallTime() { return std::chrono::system_clock::now(); }

// ---- the application

struct ApplicationStarted {
  WallTime at;
  std::string id;
  std::string name;
  std::string master;
  std::string version;
  std::string host;  ///< The driver's machine.
};
/// The settings, sorted by key, without secret values.
struct SettingsKnown {
  WallTime at;
  Settings settings;
};
struct ApplicationEnded {
  WallTime at;
};

// ---- executors

struct ExecutorAdded {
  WallTime at;
  ExecutorId executor;
  std::string host;
  int cores = 0;
  uint64_t memory_bytes = 0;  ///< The budget for blocks and operators.
};
/// The executor gets no more tasks, because its machine leaves or the executor is idle and not needed.
struct ExecutorLeaving {
  WallTime at;
  ExecutorId executor;
  std::string host;
  std::string reason;
};
struct ExecutorRemoved {
  WallTime at;
  ExecutorId executor;
  std::string host;
  std::string reason;
};
/// The executor gets no tasks for a while. If no executor is named, this holds for all executors of the host.
struct ExecutorExcluded {
  WallTime at;
  ExecutorId executor;
  std::string host;
  std::string reason;
  Took lasts{};
};
/// The exclusion of an executor has ended.
struct ExecutorReadmitted {
  WallTime at;
  ExecutorId executor;
  std::string host;
};
/// An executor's report about itself, about once a second.
struct ExecutorMetrics {
  WallTime at;
  ExecutorId executor;
  std::string host;
  uint64_t memory_used = 0;
  uint64_t disk_used = 0;
};

// ---- blocks and broadcasts

/// A cached partition appeared on an executor, changed its size, or was removed (0 bytes).
struct BlockUpdated {
  WallTime at;
  ExecutorId executor;
  std::string host;
  RddId rdd;
  int partition = -1;
  bool present = false;
  uint64_t memory_bytes = 0;
  uint64_t disk_bytes = 0;
};
struct RddUnpersisted {
  WallTime at;
  RddId rdd;
};
struct BroadcastAdded {
  WallTime at;
  BroadcastId broadcast;
};
/// Executors drop their copies of the broadcast. If it is destroyed, its value is gone too.
struct BroadcastRemoved {
  WallTime at;
  BroadcastId broadcast;
  bool destroyed = false;
};

// ---- what stages are

/// Where a persisted RDD may be stored.
struct StorageUse {
  bool memory = false;
  bool disk = false;
  bool encoded = false;
  int replicas = 1;
  bool operator==(const StorageUse&) const = default;
};
/// An RDD that the stage's tasks compute or read from the cache.
struct RddDescription {
  RddId rdd;
  std::string name;       ///< Given by the program; may be empty.
  std::string call_site;  ///< "map at wordcount.cc:12".
  StorageUse storage;
  std::vector<RddId> parents;
  int num_partitions = 0;
};
struct StageDescription {
  StageId stage;
  int attempt = 0;
  JobId job;  ///< The first job that needs the stage.
  std::string name;
  std::string call_site;             ///< Where the last RDD that the stage computes was made.
  std::optional<ShuffleId> shuffle;  ///< The shuffle that its tasks write; none for the last stage of a job.
  std::vector<StageId> parents;
  /// Parents before children. Empty unless a reader takes all events (see EventBus::isWatched).
  std::vector<RddDescription> rdds;
};

// ---- jobs

enum class JobOutcome { kSucceeded, kFailed, kCancelled };

struct JobDescription {
  JobId job;
  std::string call_site;  ///< Where the action was called: "collect at wordcount.cc:12".
  std::string group;
  std::string description;
  std::string pool;
  Settings properties;  ///< The local properties of the thread that called the action, sorted by key.
  RddId rdd;
  int num_partitions = 0;  ///< How many partitions of the RDD the job computes.
};
/// A stage that a job needs, as far as known when the job starts.
struct PlannedStage {
  std::shared_ptr<const StageDescription> stage;
  int num_tasks = 0;
};
struct JobStarted {
  WallTime at;
  std::shared_ptr<const JobDescription> job;
  /// Parents before children. Some may be skipped (their output exists); others may be added when cached input is lost.
  std::vector<PlannedStage> stages;
};
struct JobEnded {
  WallTime at;
  std::shared_ptr<const JobDescription> job;
  JobOutcome outcome = JobOutcome::kSucceeded;
  std::string failure;          ///< The reason; empty if the job succeeded.
  std::vector<StageId> stages;  ///< The stages that ran for the job, in the order of their first submission.
  Took took{};
};

// ---- stages

/// How an attempt of a stage ended. kResubmitted: part of its input or output was lost, and another attempt computes
/// the missing part.
enum class StageOutcome { kSucceeded, kFailed, kCancelled, kResubmitted };

/// The figures of a stage since its output was last complete. An attempt that computes missing output adds to them.
struct StageFigures {
  int num_tasks = 0;
  int active_tasks = 0;
  int completed_tasks = 0;
  int failed_tasks = 0;
  TaskMetrics metrics;  ///< Summed over the tasks that succeeded.

  StageFigures& operator+=(const StageFigures& other) {
    num_tasks += other.num_tasks;
    active_tasks += other.active_tasks;
    completed_tasks += other.completed_tasks;
    failed_tasks += other.failed_tasks;
    metrics += other.metrics;
    return *this;
  }
};
struct StageSubmitted {
  WallTime at;
  std::shared_ptr<const StageDescription> stage;
  StageFigures figures;
};
/// The newest figures of a running stage, several times a second while they change.
struct StageProgressed {
  WallTime at;
  std::shared_ptr<const StageDescription> stage;
  StageFigures figures;
};
/// An attempt of a stage has ended. Every StageSubmitted is followed by one of these.
struct StageCompleted {
  WallTime at;
  std::shared_ptr<const StageDescription> stage;
  StageFigures figures;
  StageOutcome outcome = StageOutcome::kSucceeded;
  std::string failure;
  Took took{};
};
/// A stage that a job was to need did not run: its output existed, or the job ended before.
struct StageSkipped {
  WallTime at;
  StageId stage;
  ShuffleId shuffle;
  std::string name;
};

// ---- tasks

/// How a task attempt ended. kNotSent: the task never ran, because the program's code threw in the driver or the result
/// was refused.
enum class TaskOutcome { kSucceeded, kUserException, kFetchFailed, kEngineFailure, kKilled, kNotSent, kExecutorLost };

struct TaskAttempt {
  TaskId task;
  StageId stage;
  int stage_attempt = 0;
  int partition = -1;
  int attempt = 0;  ///< 0 for the first try of the partition.
  ExecutorId executor;
  std::string host;
  bool speculative = false;
};
struct TaskFailure {
  std::string message;
  std::string exception_type;
  std::string call_site;
};
/// The task was sent to its executor. It may wait there for a core.
struct TaskStarted {
  WallTime at;
  TaskAttempt task;
};
/// The task succeeded, and the driver fetches its result, which was too large for the message.
struct TaskGettingResult {
  WallTime at;
  TaskAttempt task;
};
/// A task attempt has ended. Every TaskStarted is followed by one of these.
struct TaskEnded {
  WallTime at;
  TaskAttempt task;
  TaskOutcome outcome = TaskOutcome::kSucceeded;
  std::shared_ptr<const TaskFailure> failure;  ///< Null if the task succeeded.
  TaskMetrics metrics;
  Took took{};  ///< Since TaskStarted. The time that the task really ran is metrics.run_micros.
};

// ---- about the events themselves

/// A reader was too slow, so events of tasks, blocks and executor metrics were dropped for it.
struct EventsDropped {
  WallTime at;
  uint64_t dropped = 0;  ///< Since the previous EventsDropped.
  uint64_t total = 0;
};

using Event =
    std::variant<ApplicationStarted, SettingsKnown, ApplicationEnded, ExecutorAdded, ExecutorLeaving, ExecutorRemoved,
                 ExecutorExcluded, ExecutorReadmitted, ExecutorMetrics, BlockUpdated, RddUnpersisted, BroadcastAdded,
                 BroadcastRemoved, JobStarted, JobEnded, StageSubmitted, StageProgressed, StageCompleted, StageSkipped,
                 TaskStarted, TaskGettingResult, TaskEnded, EventsDropped>;

/// Whether millions of this kind of event may occur. A reader gets such events only if it asks for them
/// (EventQueue::Takes), and misses some if it is too slow.
[[nodiscard]] inline bool isDetail(const Event& event) {
  return std::holds_alternative<TaskStarted>(event) || std::holds_alternative<TaskGettingResult>(event) ||
         std::holds_alternative<TaskEnded>(event) || std::holds_alternative<BlockUpdated>(event) ||
         std::holds_alternative<ExecutorMetrics>(event);
}

[[nodiscard]] inline WallTime timeOf(const Event& event) {
  return std::visit([](const auto& each) { return each.at; }, event);
}

}  // namespace cerium::events
