// Cerium. Licensed under the Apache License 2.0.
// Runs tasks on its threads and holds what they leave behind. The same class in local mode (inside the driver, nothing
// is encoded) and in an executor process; the ExecutorLink is the difference.
#pragma once

#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

#include "base/util/exception_text.h"
#include "executor/block_store.h"
#include "executor/shuffle_store.h"
#include "rdd/accumulator_cell.h"
#include "rdd/task_body.h"

namespace cerium {

/// A stage as an executor holds it.
struct StageCode {
  StageId id;
  int num_partitions = 0;
  std::shared_ptr<const TaskBody> body;
  std::optional<ShuffleId> shuffle;  ///< Set where its tasks write map output.
  std::unordered_map<std::string, std::string> properties;
};
using StageCodePtr = std::shared_ptr<const StageCode>;

struct TaskLaunch {
  TaskId id;
  StageCodePtr stage;
  int stage_attempt = 0;
  int partition = 0;
  int attempt = 0;
  std::vector<std::tuple<RddId, int, Bytes>> data;
};

/// How a task ended.
struct TaskReport {
  /// kNotSent: it never ran, as code of the program's threw in the driver while the task was encoded.
  enum class Outcome { kSuccess, kUserException, kFetchFailed, kEngineFailure, kKilled, kNotSent };
  TaskId id;
  StageCodePtr stage;
  Outcome outcome = Outcome::kSuccess;
  std::shared_ptr<void> value;  ///< Of a result task.
  uint64_t map_checksum = 0;    ///< Of a map task: MapOutput::checksum.
  std::vector<std::pair<AccumulatorId, std::unique_ptr<AccumulatorCell>>> cells;
  TaskMetrics metrics;
  std::string message;
  std::string exception_type;
  std::string call_site;
  ShuffleId shuffle;  ///< Of a failed fetch, with `map` and `source`.
  int map = -1;
  ExecutorId source;
};

/// What an executor needs of the world. Threads: called from task threads, at the same time.
class ExecutorLink {
 public:
  virtual ~ExecutorLink() = default;
  virtual void taskEnded(TaskReport report) = 0;
  virtual void blockChanged(const BlockChange& change) = 0;
  /// Segments that other executors hold; `local` gives those of this one. Null: everything is local.
  virtual std::unique_ptr<SegmentSource> openRemoteShuffle(TaskContext& task, const ShuffleDependency& shuffle,
                                                           int reduce, const ShuffleStore& local) = 0;
  virtual std::optional<CachedBlock> fetchCached(RddId rdd, int partition) = 0;
  virtual std::vector<std::string> barrier(TaskContext& task, const std::string& message) = 0;
  virtual std::string addedFile(const std::string& name) = 0;
};

struct ExecutorOptions {
  ExecutorId id;
  int cores = 1;
  size_t memory_bytes = size_t{1} << 30;
  std::vector<std::string> local_dirs;
  ContextId context;  ///< Whose tasks it runs, where the driver's process has several.
};

/// Threads: all public methods from any thread. Life: the constructor starts the threads, stop() (or the destructor)
/// tells running tasks to stop and waits for them.
class Executor final : public TaskServices {
 public:
  Executor(ExecutorOptions options, ExecutorLink& link);
  ~Executor() override;

  /// Queues tasks; each is reported exactly once through the link, unless stop() comes first.
  void launch(std::vector<TaskLaunch> tasks);
  /// Tells a queued or running task to stop. Unknown ids are ignored.
  void kill(TaskId task);
  void stop();

  void dropShuffle(ShuffleId shuffle) { shuffles_.drop(shuffle); }
  void dropRdd(RddId rdd) { blocks_.dropRdd(rdd); }
  [[nodiscard]] ShuffleStore& shuffles() { return shuffles_; }
  [[nodiscard]] BlockStore& blocks() { return blocks_; }

  // TaskServices
  std::unique_ptr<SegmentSource> openShuffle(TaskContext& task, const ShuffleDependency& shuffle, int reduce) override;
  std::optional<CachedBlock> findCached(RddId rdd, int partition) override;
  bool cacheBlock(RddId rdd, int partition, StorageLevel level, CachedBlock block) override;
  MemoryManager& memory() override { return memory_; }
  const std::shared_ptr<SpillSpace>& spillSpace() override { return spill_; }
  std::vector<std::string> barrier(TaskContext& task, const std::string& message) override;
  std::string addedFile(const std::string& name) override { return link_.addedFile(name); }
  [[nodiscard]] ContextId context() const override { return context_; }

 private:
  void work();
  void run(TaskLaunch task);
  static void* workEntry(void* self);

  const ExecutorId id_;
  ExecutorLink& link_;
  const ContextId context_;
  MemoryManager memory_;
  std::shared_ptr<SpillSpace> spill_;
  BlockStore blocks_;
  ShuffleStore shuffles_;
  std::vector<pthread_t> threads_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<TaskLaunch> queue_;                      // guarded by mutex_
  std::unordered_map<TaskId, TaskContext*> running_;  // guarded by mutex_
  bool stopping_ = false;                             // guarded by mutex_
};

/// Runs one task on this thread and reports how it ended, whatever code of the program's throws in it.
TaskReport runTask(const TaskLaunch& launch, TaskContext& task, ShuffleStore& shuffles);

/// What becomes of a report of a success where the result cannot be encoded. In a catch block's stead: `thrown` is what
/// guarded() gave.
void resultNotEncoded(TaskReport& report, const ExceptionText& thrown);

}  // namespace cerium
