// Cerium. Licensed under the Apache License 2.0.
// Runs tasks on its threads and holds the blocks that they make. Local mode (inside the driver, without encoding) and
// executor processes use the same class with different ExecutorLinks.
#pragma once

#include <pthread.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

#include "base/util/exception_text.h"
#include "base/util/heap_meter.h"
#include "base/util/mutex.h"
#include "executor/blocks/block_store.h"
#include "executor/blocks/shuffle_store.h"
#include "executor/crash_report.h"
#include "executor/memory_watch.h"
#include "executor/task_queue.h"
#include "executor/task_reaper.h"
#include "rdd/task.h"

namespace cerium {

class ReadAhead;
class RemoteShuffle;

/// The executor's connection to the driver and other executors. Threads: called from task threads, several at once.
class ExecutorLink {
 public:
  virtual ~ExecutorLink() = default;
  /// The part of taskEnded() that runs the program's code on a result; called before it, on the task's thread.
  virtual void measureResult(TaskReport&) {}
  virtual void taskEnded(TaskReport report) = 0;
  virtual void blockChanged(const BlockChange& change) = 0;
  /// Segments from other executors; `local` holds this executor's. Null: all segments are local.
  virtual std::shared_ptr<RemoteShuffle> openRemoteShuffle(TaskContext& /*task*/, const ShuffleRange& /*range*/,
                                                           ShuffleStore& /*local*/) {
    return nullptr;
  }
  /// Whether the map outputs that `shuffle` reads are still where they were when it was opened.
  [[nodiscard]] virtual bool isCurrent(const RemoteShuffle& /*shuffle*/) const { return false; }
  virtual std::optional<CachedBlock> fetchCached(RddId rdd, int partition) = 0;
  virtual std::vector<std::string> barrier(TaskContext& task, const std::string& message) = 0;
  virtual std::string addedFile(const std::string& name) = 0;
};

struct ExecutorOptions {
  ExecutorId id;
  int cores = 1;
  size_t memory_bytes = size_t{1} << 30;
  std::vector<std::string> local_dirs;
  ContextId context;  ///< The Context whose tasks it runs, if the driver's process has several.
  /// How long a task that was told to stop may run on; 0 or less: without limit. After that its thread is given up, or
  /// the process ends if it is the executor's own.
  std::chrono::milliseconds kill_timeout{10'000};
  bool owns_process = false;
  /// Whether tasks that a thread runs one after the other read ahead for each other (executor/blocks/read_ahead.h).
  bool reads_ahead = true;
  /// Bytes that the executor's own process may hold before the task that fills it is stopped; 0: no limit.
  size_t process_limit = 0;
};

/// Threads: all public methods from any thread.
/// Life: made by make_shared; the constructor starts the threads. stop() (or the destructor) tells running tasks to
/// stop and waits for them, at most kill_timeout. The thread of a task that does not stop is given up: it keeps the
/// executor alive until it ends, perhaps never, and nothing that the task does afterwards is used.
class Executor final : public TaskServices, public std::enable_shared_from_this<Executor> {
 public:
  Executor(ExecutorOptions options, std::shared_ptr<ExecutorLink> link);
  ~Executor() override;

  /// Queues tasks. Each is reported exactly once through the link, unless stop() comes first.
  void launch(std::vector<TaskLaunch> tasks);
  /// Tells a queued or running task to stop. Unknown ids are ignored.
  void kill(TaskId task);
  void stop();

  void dropShuffle(ShuffleId shuffle) { shuffles_.drop(shuffle); }
  void dropRdd(RddId rdd) { blocks_.dropRdd(rdd); }
  [[nodiscard]] ShuffleStore& shuffles() { return shuffles_; }
  [[nodiscard]] BlockStore& blocks() { return blocks_; }

  // TaskServices
  std::unique_ptr<SegmentSource> openShuffle(TaskContext& task, const ShuffleRange& range) override;
  std::optional<CachedBlock> findCached(RddId rdd, int partition) override;
  bool cacheBlock(RddId rdd, int partition, StorageLevel level, CachedBlock block) override;
  void computedForCache(const RddNode& node) override;
  MemoryManager& memory() override { return memory_; }
  const std::shared_ptr<SpillSpace>& spillSpace() override { return spill_; }
  std::vector<std::string> barrier(TaskContext& task, const std::string& message) override;
  std::string addedFile(const std::string& name) override { return link_->addedFile(name); }
  [[nodiscard]] ContextId context() const override { return options_.context; }

 private:
  struct Running {
    std::shared_ptr<TaskContext> context;
    pthread_t thread;
    int place;  ///< Of the thread, in queue_.
    const MemoryShare* share;
    HeapCounters heap;  ///< Of the task's thread.
    int64_t heap_before = 0;
  };

  static void* workEntry(void* self);
  void startThread() CERIUM_REQUIRES(mutex_);
  std::shared_ptr<Executor> work();
  std::optional<TaskQueue::Taken> waitForTask(int place) CERIUM_REQUIRES(mutex_);
  std::shared_ptr<TaskContext> begin(const TaskLaunch& task, int place, const MemoryShare& share)
      CERIUM_REQUIRES(mutex_);
  [[nodiscard]] bool run(TaskLaunch& task, TaskContext& context, MemoryShare& share);
  void forget(TaskId task) CERIUM_REQUIRES(mutex_);

  // Tasks that do not stop (executor_reaping.cc).
  void reap();
  void endHanging(TaskId id, const Running& task) CERIUM_EXCLUDES(mutex_);
  [[nodiscard]] bool giveUp(TaskId id);
  [[noreturn]] void endProcess(const std::string& what, const CrashRecord& where) const;

  // Tasks whose functions fill the process's memory (executor_memory.cc).
  void watchMemory();
  [[nodiscard]] std::vector<MemoryWatch::TaskHeap> taskHeaps() const CERIUM_REQUIRES(mutex_);
  void failForMemory(const MemoryWatch::TaskHeap& guilty, size_t resident) CERIUM_REQUIRES(mutex_);

  const ExecutorOptions options_;
  const std::shared_ptr<ExecutorLink> link_;
  MemoryManager memory_;
  std::shared_ptr<SpillSpace> spill_;
  BlockStore blocks_;
  ShuffleStore shuffles_;

  Mutex mutex_;
  CondVar wake_;       // there are tasks, or the executor stops
  CondVar told_;       // a task was told to stop, or the reaper must end
  CondVar unwatched_;  // the memory watch must end
  CondVar left_;       // a thread has ended its work here
  TaskQueue queue_ CERIUM_GUARDED_BY(mutex_);
  std::unordered_map<TaskId, Running> running_ CERIUM_GUARDED_BY(mutex_);
  TaskReaper reaper_ CERIUM_GUARDED_BY(mutex_);
  std::vector<pthread_t> threads_ CERIUM_GUARDED_BY(mutex_);  // without the given-up ones
  size_t threads_at_work_ CERIUM_GUARDED_BY(mutex_) = 0;
  int threads_started_ CERIUM_GUARDED_BY(mutex_) = 0;
  std::vector<int> free_places_ CERIUM_GUARDED_BY(mutex_);  // numbers of threads in queue_ that none has
  bool stopping_ CERIUM_GUARDED_BY(mutex_) = false;
  bool reaper_ends_ CERIUM_GUARDED_BY(mutex_) = false;
  /// By task whose thread was given up: the pointer that keeps this executor alive.
  std::unordered_map<TaskId, std::shared_ptr<Executor>> given_up_ CERIUM_GUARDED_BY(mutex_);
  std::thread reaper_thread_;
  std::thread memory_thread_;
};

/// Runs one task on this thread and reports how it ended, whatever the program's code throws.
TaskReport runTask(const TaskLaunch& launch, TaskContext& task, ShuffleStore& shuffles);

/// Turns the report of a success into a failure, because the result could not be encoded; `thrown` is what guarded()
/// returned.
void resultNotEncoded(TaskReport& report, const ExceptionText& thrown);

}  // namespace cerium
