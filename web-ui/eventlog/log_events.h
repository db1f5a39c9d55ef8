// Cerium. Licensed under the Apache License 2.0.
// What an event log says: Spark's listener events, one struct each, with the fields of Spark's JSON and a few of
// Cerium's own. Both a running application (eventlog/translator.h) and a log file (history/log_parser.h) come as these.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "web-ui/eventlog/task_figures.h"

namespace cerium::eventlog {

/// An instant: ms since 1970 UTC; 0 while unknown, as in Spark's logs.
using Instant = int64_t;
using Pairs = std::vector<std::pair<std::string, std::string>>;

struct LogStart {
  std::string version;  ///< Of Spark, or Spark's version whose format a Cerium log has.
  std::string cerium;   ///< Cerium's version; empty in a log that Spark wrote.
};
struct ApplicationStart {
  std::string name;
  std::string id;
  std::string attempt;  ///< Empty where the application has one attempt.
  std::string user;
  Instant at = 0;
  std::string master;  ///< Cerium's.
};
struct ApplicationEnd {
  Instant at = 0;
  std::optional<int> exit_code;
};
struct EnvironmentUpdate {
  Pairs runtime;  ///< "Java Version", ...; Cerium names its compiler there.
  Pairs settings;
  Pairs hadoop;
  Pairs system;
  Pairs metrics;
  Pairs classpath;
  std::map<std::string, std::string> origins;  ///< Cerium's: "file", "env", "flag" or "code", by key.
};
/// As its JSON text.
struct ResourceProfileAdded {
  int id = 0;
  std::string json;
};

// ---- stages and jobs

struct StorageLevel {
  bool disk = false;
  bool memory = false;
  bool off_heap = false;
  bool deserialized = false;
  int replication = 1;
  [[nodiscard]] bool isValid() const { return (disk || memory) && replication > 0; }
  bool operator==(const StorageLevel&) const = default;
};
struct RddInfo {
  int64_t id = -1;
  std::string name;
  std::string call_site;
  std::vector<int64_t> parents;
  StorageLevel level;
  bool barrier = false;
  int num_partitions = 0;
};
struct StageInfo {
  int64_t id = -1;
  int attempt = 0;
  std::string name;
  std::string details;
  int num_tasks = 0;
  std::vector<RddInfo> rdds;
  std::vector<int64_t> parents;
  Instant submitted = 0;
  Instant completed = 0;
  std::string failure;
  int resource_profile = 0;
  bool push_enabled = false;
  int mergers = 0;
  std::optional<int64_t> shuffle;  ///< Cerium's: the shuffle that its tasks write.
  std::string outcome;             ///< Cerium's: "CANCELLED" or "RESUBMITTED" where Spark would say failed.
};
using StageInfoPtr = std::shared_ptr<const StageInfo>;

struct JobStart {
  int64_t job = -1;
  Instant at = 0;
  std::vector<int64_t> stage_ids;
  std::vector<StageInfoPtr> stages;
  std::shared_ptr<const Pairs> properties;
};
struct JobEnd {
  int64_t job = -1;
  Instant at = 0;
  bool succeeded = false;
  std::string failure;
  bool cancelled = false;  ///< Cerium's.
};
struct StageSubmitted {
  StageInfoPtr stage;
  std::shared_ptr<const Pairs> properties;
};
struct StageCompleted {
  StageInfoPtr stage;
};

/// Spark's metrics of an executor's memory, by the names in its logs. Cerium leaves most at 0.
inline constexpr std::array kPeaks{"JVMHeapMemory",
                                   "JVMOffHeapMemory",
                                   "OnHeapExecutionMemory",
                                   "OffHeapExecutionMemory",
                                   "OnHeapStorageMemory",
                                   "OffHeapStorageMemory",
                                   "OnHeapUnifiedMemory",
                                   "OffHeapUnifiedMemory",
                                   "DirectPoolMemory",
                                   "MappedPoolMemory",
                                   "ProcessTreeJVMVMemory",
                                   "ProcessTreeJVMRSSMemory",
                                   "ProcessTreePythonVMemory",
                                   "ProcessTreePythonRSSMemory",
                                   "ProcessTreeOtherVMemory",
                                   "ProcessTreeOtherRSSMemory",
                                   "MinorGCCount",
                                   "MinorGCTime",
                                   "MajorGCCount",
                                   "MajorGCTime",
                                   "TotalGCTime",
                                   "ConcurrentGCCount",
                                   "ConcurrentGCTime"};
using Peaks = std::array<int64_t, kPeaks.size()>;

// ---- tasks

struct TaskInfo {
  int64_t id = -1;
  int index = -1;
  int attempt = 0;
  int partition = -1;
  Instant launched = 0;
  std::string executor;
  std::string host;
  std::string locality;
  bool speculative = false;
  Instant getting_result = 0;
  Instant finished = 0;
  bool failed = false;
  bool killed = false;
};
struct TaskStart {
  int64_t stage = -1;
  int stage_attempt = 0;
  TaskInfo task;
};
struct TaskGettingResult {
  TaskInfo task;
};
/// Why a task ended that did not succeed.
struct TaskFailure {
  std::string reason;      ///< Spark's: "ExceptionFailure", "FetchFailed", "TaskKilled", "ExecutorLostFailure", ...
  std::string class_name;  ///< Of the exception.
  std::string message;     ///< As Spark's error text of the task.
  std::string call_site;   ///< Cerium's: of the user's function.
};
struct TaskEnd {
  int64_t stage = -1;
  int stage_attempt = 0;
  bool is_result = false;  ///< A task of a job's last stage.
  TaskInfo task;
  std::shared_ptr<const TaskFailure> failure;  ///< Null if the task succeeded.
  std::optional<TaskFigures> figures;
  std::shared_ptr<const Peaks> peaks;  ///< Of the executor while the task ran; null: all 0.
};

// ---- executors and blocks

struct ExecutorAdded {
  Instant at = 0;
  std::string executor;
  std::string host;
  int cores = 0;
  Pairs log_urls;
  Pairs attributes;
  int resource_profile = 0;
};
struct ExecutorRemoved {
  Instant at = 0;
  std::string executor;
  std::string reason;
};
/// Of one executor, or of all of a host if `executor` is empty.
struct ExecutorExcluded {
  Instant at = 0;
  std::string executor;
  std::string host;
  bool excluded = true;  ///< False: the exclusion is over.
  int failures = 0;
  std::string reason;  ///< Cerium's.
};
/// Cerium's: the executor gets no more tasks.
struct ExecutorLeaving {
  Instant at = 0;
  std::string executor;
  std::string reason;
};
struct BlockManagerAdded {
  Instant at = 0;
  std::string executor;
  std::string host;
  int port = 0;
  int64_t max_memory = 0;
  std::optional<int64_t> max_on_heap;
  std::optional<int64_t> max_off_heap;
};
struct BlockManagerRemoved {
  Instant at = 0;
  std::string executor;
};
struct BlockUpdated {
  std::string executor;
  std::string host;
  int port = 0;
  std::string block;  ///< "rdd_1_3".
  StorageLevel level;
  int64_t memory = 0;
  int64_t disk = 0;
};
struct UnpersistRdd {
  int64_t rdd = -1;
};
/// Peaks of an executor's memory, by Spark's names, in one stage.
struct StageExecutorMetrics {
  std::string executor;
  int64_t stage = -1;
  int stage_attempt = 0;
  Peaks peaks{};
};
/// Cerium's: what an executor uses, about once a second.
struct ExecutorUse {
  Instant at = 0;
  std::string executor;
  int64_t memory = 0;
  int64_t disk = 0;
};
/// Cerium's: events that were left out since the last of these.
struct EventsDropped {
  Instant at = 0;
  uint64_t total = 0;
};

using LogEvent =
    std::variant<LogStart, ApplicationStart, ApplicationEnd, EnvironmentUpdate, ResourceProfileAdded, JobStart, JobEnd,
                 StageSubmitted, StageCompleted, TaskStart, TaskGettingResult, TaskEnd, ExecutorAdded, ExecutorRemoved,
                 ExecutorExcluded, ExecutorLeaving, BlockManagerAdded, BlockManagerRemoved, BlockUpdated, UnpersistRdd,
                 StageExecutorMetrics, ExecutorUse, EventsDropped>;

}  // namespace cerium::eventlog
