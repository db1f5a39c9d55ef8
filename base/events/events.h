// Cerium. Licensed under the Apache License 2.0.
// What happens in an application, each kind of event a struct of one variant. The driver posts each once; listeners,
// the status store and logs read them (driver/events/event_bus.h). `at` is the wall clock when the driver learned of
// it; durations (`took`) are monotonic.
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
/// By key, in order. Values that are secret are left out.
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
  uint64_t memory_bytes = 0;  ///< For blocks and operators.
};
/// The executor gets no more tasks: its machine leaves, or the executor is idle and not needed.
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
/// The executor gets no tasks for a while; all executors of the host where no executor is named.
struct ExecutorExcluded {
  WallTime at;
  ExecutorId executor;
  std::string host;
  std::string reason;
  Took lasts{};
};
/// The exclusion of an executor is over.
struct ExecutorReadmitted {
  WallTime at;
  ExecutorId executor;
  std::string host;
};
/// What an executor reports of itself every second or so.
struct ExecutorMetrics {
  WallTime at;
  ExecutorId executor;
  std::string host;
  uint64_t memory_used = 0;
  uint64_t disk_used = 0;
};

// ---- blocks and broadcasts

/// A cached partition appeared on an executor, changed its size, or went away (no bytes).
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
/// Executors drop their copies of the broadcast; a destroyed one has no value any more.
struct BroadcastRemoved {
  WallTime at;
  BroadcastId broadcast;
  bool destroyed = false;
};

// ---- jobs

enum class JobOutcome { kSucceeded, kFailed, kCancelled };

struct JobDescription {
  JobId job;
  std::string call_site;  ///< Of the action: "collect at wordcount.cc:12".
  std::string group;
  std::string description;
  std::string pool;
  Settings properties;  ///< Local properties of the thread that called the action, by key, in order.
  RddId rdd;
  int num_partitions = 0;  ///< Of the RDD, how many the job computes.
};
struct JobStarted {
  WallTime at;
  std::shared_ptr<const JobDescription> job;
};
struct JobEnded {
  WallTime at;
  std::shared_ptr<const JobDescription> job;
  JobOutcome outcome = JobOutcome::kSucceeded;
  std::string failure;          ///< Why, where it did not succeed.
  std::vector<StageId> stages;  ///< That ran for it, in the order of their first submission.
  Took took{};
};

// ---- stages

/// How an attempt of a stage ended. kResubmitted: some of its input or output was lost, and another attempt goes on
/// with what is missing.
enum class StageOutcome { kSucceeded, kFailed, kCancelled, kResubmitted };

/// Where a persisted RDD may live.
struct StorageUse {
  bool memory = false;
  bool disk = false;
  bool encoded = false;
  int replicas = 1;
  bool operator==(const StorageUse&) const = default;
};
/// An RDD that the tasks of a stage compute or read from the cache.
struct RddDescription {
  RddId rdd;
  std::string name;       ///< Given by the program; else empty.
  std::string call_site;  ///< "map at wordcount.cc:12".
  StorageUse storage;
  std::vector<RddId> parents;
  int num_partitions = 0;
};
struct StageDescription {
  StageId stage;
  int attempt = 0;
  JobId job;  ///< The first that needs it.
  std::string name;
  std::string call_site;             ///< Of the last RDD that it computes.
  std::optional<ShuffleId> shuffle;  ///< What its tasks write; none for the last stage of a job.
  std::vector<StageId> parents;
  /// Parents before children. Only where a reader takes all events (see EventBus::isWatched).
  std::vector<RddDescription> rdds;
};
/// Of a stage since its output was last whole: attempts that go on with what is missing add to the same figures.
struct StageFigures {
  int num_tasks = 0;
  int active_tasks = 0;
  int completed_tasks = 0;
  int failed_tasks = 0;
  TaskMetrics metrics;  ///< Of the tasks that succeeded.

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
/// The newest figures of a stage under way, several times a second while they change.
struct StageProgressed {
  WallTime at;
  std::shared_ptr<const StageDescription> stage;
  StageFigures figures;
};
/// An attempt of a stage is over: each StageSubmitted is followed by one of these, whatever the outcome.
struct StageCompleted {
  WallTime at;
  std::shared_ptr<const StageDescription> stage;
  StageFigures figures;
  StageOutcome outcome = StageOutcome::kSucceeded;
  std::string failure;
  Took took{};
};
/// A stage that a job needed did not run, as its output was there.
struct StageSkipped {
  WallTime at;
  StageId stage;
  ShuffleId shuffle;
  std::string name;
};

// ---- tasks

/// kNotSent: never ran, as code of the program's threw in the driver, or the result was refused.
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
/// The task was sent to its executor, where it may have to wait for a core.
struct TaskStarted {
  WallTime at;
  TaskAttempt task;
};
/// The task has ended well, and the driver fetches its result, which was too large for the message.
struct TaskGettingResult {
  WallTime at;
  TaskAttempt task;
};
/// Of each TaskStarted one.
struct TaskEnded {
  WallTime at;
  TaskAttempt task;
  TaskOutcome outcome = TaskOutcome::kSucceeded;
  std::shared_ptr<const TaskFailure> failure;  ///< Null where it succeeded.
  TaskMetrics metrics;
  Took took{};  ///< Since TaskStarted; metrics.run_micros is what of it the task ran.
};

// ---- about the events themselves

/// This reader was too slow for the events of tasks, blocks and metrics of executors: so many were left out.
struct EventsDropped {
  WallTime at;
  uint64_t dropped = 0;  ///< Since the last of these.
  uint64_t total = 0;
};

using Event =
    std::variant<ApplicationStarted, SettingsKnown, ApplicationEnded, ExecutorAdded, ExecutorLeaving, ExecutorRemoved,
                 ExecutorExcluded, ExecutorReadmitted, ExecutorMetrics, BlockUpdated, RddUnpersisted, BroadcastAdded,
                 BroadcastRemoved, JobStarted, JobEnded, StageSubmitted, StageProgressed, StageCompleted, StageSkipped,
                 TaskStarted, TaskGettingResult, TaskEnded, EventsDropped>;

/// Whether there may be millions of this kind of event. A reader gets such events only if it asks for them
/// (EventQueue::Takes), and misses some where it is too slow.
[[nodiscard]] inline bool isDetail(const Event& event) {
  return std::holds_alternative<TaskStarted>(event) || std::holds_alternative<TaskGettingResult>(event) ||
         std::holds_alternative<TaskEnded>(event) || std::holds_alternative<BlockUpdated>(event) ||
         std::holds_alternative<ExecutorMetrics>(event);
}

[[nodiscard]] inline WallTime timeOf(const Event& event) {
  return std::visit([](const auto& each) { return each.at; }, event);
}

}  // namespace cerium::events
