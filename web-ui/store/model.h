// Cerium. Licensed under the Apache License 2.0.
// What the web pages show of an application: its jobs, stages, tasks, executors, cached RDDs and settings, as the event
// log's events made them. store/app_store.h fills it in.
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "web-ui/eventlog/log_events.h"

namespace cerium::store {

using eventlog::Instant;
using eventlog::TaskFigures;

/// Texts that many records have in common, each kept once.
class Texts {
 public:
  [[nodiscard]] uint32_t add(const std::string& text) {
    const auto [at, is_new] = ids_.try_emplace(text, static_cast<uint32_t>(texts_.size()));
    if (is_new) texts_.push_back(text);
    return at->second;
  }
  [[nodiscard]] const std::string& at(uint32_t id) const { return texts_[id]; }

 private:
  std::unordered_map<std::string, uint32_t> ids_;
  std::deque<std::string> texts_;
};

/// Indices of tasks that are done, a bit each.
class Indices {
 public:
  void add(int index) {
    if (index < 0 || index >= kMost) return;
    const auto at = static_cast<size_t>(index);
    if (at >= bits_.size()) bits_.resize(at + 1);
    if (bits_[at]) return;
    bits_[at] = true;
    ++count_;
  }
  [[nodiscard]] int count() const { return count_; }

 private:
  static constexpr int kMost = 1 << 28;  // a damaged log may name any index
  std::vector<bool> bits_;
  int count_ = 0;
};

enum class TaskStatus : uint8_t { kRunning, kSuccess, kFailed, kKilled };

/// One attempt of a task; about 300 bytes.
struct Task {
  int64_t id = -1;
  int index = -1;
  int attempt = 0;
  int partition = -1;
  uint32_t executor = 0;  ///< In Application::texts, as host and locality.
  uint32_t host = 0;
  uint32_t locality = 0;
  uint16_t core = 0;  ///< The lane of the executor in which it ran.
  TaskStatus status = TaskStatus::kRunning;
  bool speculative = false;
  bool has_figures = false;
  Instant launched = 0;
  Instant getting_result = 0;
  Instant finished = 0;
  TaskFigures figures;
  std::shared_ptr<const eventlog::TaskFailure> failure;

  /// Since the launch; until `now` while it runs. ms.
  [[nodiscard]] int64_t duration(Instant now) const {
    return std::max<int64_t>(0, (finished > 0 ? finished : now) - launched);
  }
  /// When it began to run, as far as known: an executor may hold it for a while before.
  [[nodiscard]] Instant began() const;
  /// Time between launch and end in which it neither ran, decoded, encoded its result nor had it fetched. ms.
  [[nodiscard]] int64_t schedulerDelay() const;
  /// Time for fetching a large result. ms.
  [[nodiscard]] int64_t gettingResultTime(Instant now) const;
};

/// Makes each peak the larger of both; `peaks` are 0 at first.
void raise(std::optional<eventlog::Peaks>& peaks, const eventlog::Peaks& by);

/// The figures of a stage's tasks on one executor.
struct ExecutorStage {
  int64_t task_time = 0;
  int failed = 0;
  int succeeded = 0;
  int killed = 0;
  TaskFigures figures;
  std::optional<eventlog::Peaks> peaks;  ///< Once a task ended.
};

enum class StageStatus : uint8_t { kPending, kActive, kComplete, kFailed, kSkipped };

/// One attempt of a stage.
struct Stage {
  eventlog::StageInfoPtr info;
  StageStatus status = StageStatus::kPending;
  std::set<int64_t> jobs;
  std::optional<std::string> description;
  std::string pool = "default";
  int active = 0;
  int completed = 0;
  int failed = 0;
  int killed = 0;
  std::map<std::string, int> killed_summary;
  Indices completed_indices;
  Instant submitted = 0;
  Instant first_launch = 0;
  Instant ended = 0;
  TaskFigures figures;
  std::map<std::string, ExecutorStage> executors;
  std::optional<eventlog::Peaks> peaks;  ///< Once a task ended.
  std::vector<Task> tasks;               ///< In order of their launch.
  boost::unordered_flat_map<int64_t, size_t> task_at;
  int64_t forgotten = 0;  ///< Tasks that made room for others.

  [[nodiscard]] int64_t id() const { return info->id; }
  [[nodiscard]] int attempt() const { return info->attempt; }
  [[nodiscard]] bool isOver() const { return status != StageStatus::kPending && status != StageStatus::kActive; }
};
using StageKey = std::pair<int64_t, int>;

enum class JobStatus : uint8_t { kRunning, kSucceeded, kFailed };

struct Job {
  int64_t id = -1;
  std::string name;
  std::optional<std::string> description;
  std::optional<std::string> group;
  std::vector<std::string> tags;
  std::string pool;
  Instant submitted = 0;
  Instant ended = 0;
  JobStatus status = JobStatus::kRunning;
  std::string failure;
  bool cancelled = false;
  std::vector<int64_t> stage_ids;  ///< As told at its start.
  int num_tasks = 0;
  int active_tasks = 0;
  int completed_tasks = 0;
  int failed_tasks = 0;
  int killed_tasks = 0;
  int skipped_tasks = 0;
  std::map<std::string, int> killed_summary;
  std::map<int64_t, Indices> completed_indices;  ///< By stage.
  int active_stages = 0;
  int failed_stages = 0;
  std::set<int64_t> completed_stages;
  std::set<int64_t> skipped_stages;
};

/// What an executor used at one instant, in bytes.
struct Use {
  Instant at = 0;
  int64_t memory = 0;  ///< Of the budget, by operators and blocks.
  int64_t disk = 0;
  int64_t blocks = 0;  ///< The part of `memory` that blocks hold.
};

struct Executor {
  std::string id;
  std::string host;
  std::string host_port;
  bool active = true;
  bool leaving = false;
  bool excluded = false;
  int cores = 0;
  Instant added = 0;
  Instant removed = 0;
  std::string removed_reason;
  int active_tasks = 0;
  int failed_tasks = 0;
  int completed_tasks = 0;
  int total_tasks = 0;
  int64_t duration = 0;
  int64_t gc_time = 0;
  int64_t input_bytes = 0;
  int64_t shuffle_read = 0;
  int64_t shuffle_write = 0;
  int rdd_blocks = 0;
  int64_t memory_used = 0;  ///< By blocks.
  int64_t disk_used = 0;
  int64_t max_memory = 0;
  std::optional<int64_t> max_on_heap;
  std::optional<int64_t> max_off_heap;
  eventlog::Pairs logs;
  eventlog::Pairs attributes;
  int resource_profile = 0;
  std::optional<eventlog::Peaks> peaks;  ///< Once a task ended.
  std::deque<Use> uses;                  ///< The newest last; bounded.
  std::vector<Instant> core_free;        ///< Until when each lane is taken by tasks that ended.
};

struct Block {
  eventlog::StorageLevel level;
  int64_t memory = 0;
  int64_t disk = 0;
};
struct Rdd {
  int64_t id = -1;
  std::string name;
  std::string call_site;
  eventlog::StorageLevel level;
  int num_partitions = 0;
  std::map<int, std::map<std::string, Block>> blocks;  ///< By partition and executor.
  std::vector<int> order;  ///< The partitions of `blocks` in the order in which they were first told.
  /// What each executor's memory had left after its last block of this RDD was told, as Spark shows it.
  std::map<std::string, int64_t> remaining;
};

/// Something that happened to an executor, for the timeline.
struct ExecutorChange {
  Instant at = 0;
  std::string kind;  ///< "added", "removed", "leaving", "excluded" or "readmitted".
  std::string executor;
  std::string host;
  std::string reason;
};

struct Application {
  std::string id;
  std::string name;
  std::string attempt;
  std::string user;
  std::string master;
  std::string version;
  std::string cerium;  ///< Cerium's version; empty for a log of Spark.
  Instant started = 0;
  Instant ended = 0;
  std::optional<int> exit_code;
  Instant last_event = 0;
  uint64_t events_dropped = 0;
  eventlog::EnvironmentUpdate environment;
  std::vector<std::string> resource_profiles;

  std::map<int64_t, Job> jobs;
  std::map<StageKey, Stage> stages;
  std::map<std::string, Executor> executors;  ///< Dead ones too.
  std::map<int64_t, Rdd> rdds;                ///< Those that are persisted.
  std::deque<ExecutorChange> changes;
  Texts texts;
  int64_t tasks_kept = 0;
  int64_t jobs_forgotten = 0;
  int64_t stages_forgotten = 0;

  /// The last attempt of a stage; null if it is not known.
  [[nodiscard]] const Stage* lastAttempt(int64_t stage) const;
  [[nodiscard]] const Stage* find(int64_t stage, int stage_attempt) const;
};

}  // namespace cerium::store
