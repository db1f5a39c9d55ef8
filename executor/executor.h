// Cerium. Licensed under the Apache License 2.0.
// Runs tasks on its threads and holds what they leave behind. The same class in local mode (inside the driver, nothing
// is encoded) and in an executor process; the ExecutorLink is the difference.
#pragma once

#include <pthread.h>

#include <chrono>
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

#include "base/util/exception_text.h"
#include "base/util/heap_meter.h"
#include "executor/blocks/block_store.h"
#include "executor/blocks/shuffle_store.h"
#include "executor/crash_report.h"
#include "executor/memory_watch.h"
#include "executor/task_reaper.h"
#include "rdd/task.h"

namespace cerium {

/// What an executor needs of the world. Threads: called from task threads, at the same time.
class ExecutorLink {
 public:
  virtual ~ExecutorLink() = default;
  /// What code of the program's has to do with a result before taskEnded() hands it on without any.
  virtual void measureResult(TaskReport&) {}
  virtual void taskEnded(TaskReport report) = 0;
  virtual void blockChanged(const BlockChange& change) = 0;
  /// Segments that other executors hold; `local` gives those of this one. Null: everything is local.
  virtual std::unique_ptr<SegmentSource> openRemoteShuffle(TaskContext& task, const ShuffleDependency& shuffle,
                                                           int reduce, ShuffleStore& local) = 0;
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
  /// How long a task that was told to stop may go on; for ever where it is not positive. After that it costs its
  /// thread, or the whole process where that is the executor's own.
  std::chrono::milliseconds kill_timeout{10'000};
  bool owns_process = false;
  /// Where it owns the process: bytes that this may hold before the task that fills it is stopped. 0 is no limit.
  size_t process_limit = 0;
};

/// Threads: all public methods from any thread. Life: made by make_shared; the constructor starts the threads, stop()
/// (or the destructor) tells running tasks to stop and waits for them, for kill_timeout at most. The thread of a task
/// that does not stop is given up: it keeps the executor alive for as long as it needs it, which may be for ever, and
/// nothing of what the task does after that is used.
class Executor final : public TaskServices, public std::enable_shared_from_this<Executor> {
 public:
  Executor(ExecutorOptions options, std::shared_ptr<ExecutorLink> link);
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
  std::string addedFile(const std::string& name) override { return link_->addedFile(name); }
  [[nodiscard]] ContextId context() const override { return options_.context; }

 private:
  struct Running {
    std::shared_ptr<TaskContext> context;
    pthread_t thread;
    const MemoryShare* share;
    HeapCounters heap;  ///< Of the thread.
    int64_t heap_before = 0;
  };

  static void* workEntry(void* self);
  void startThread();
  std::shared_ptr<Executor> work();
  std::shared_ptr<TaskContext> begin(const TaskLaunch& task, const MemoryShare& share);
  [[nodiscard]] bool run(TaskLaunch& task, TaskContext& context, MemoryShare& share);
  void forget(TaskId task);

  // What becomes of tasks that do not stop (executor_reaping.cc).
  void reap();
  void endHanging(TaskId id, const Running& task);
  [[nodiscard]] bool giveUp(TaskId id);
  [[noreturn]] void endProcess(const std::string& what, const CrashRecord& where) const;

  // What becomes of tasks whose functions fill the process (executor_memory.cc).
  void watchMemory();
  [[nodiscard]] std::vector<MemoryWatch::TaskHeap> taskHeaps() const;
  void failForMemory(const MemoryWatch::TaskHeap& guilty, size_t resident);

  const ExecutorOptions options_;
  const std::shared_ptr<ExecutorLink> link_;
  MemoryManager memory_;
  std::shared_ptr<SpillSpace> spill_;
  BlockStore blocks_;
  ShuffleStore shuffles_;

  std::mutex mutex_;
  std::condition_variable wake_;                 // there are tasks, or it stops
  std::condition_variable told_;                 // a task was told to stop, or the reaper is to end
  std::condition_variable unwatched_;            // the memory watch is to end
  std::condition_variable left_;                 // a thread has no more to do with this
  std::deque<TaskLaunch> queue_;                 // guarded by mutex_
  std::unordered_map<TaskId, Running> running_;  // guarded by mutex_
  TaskReaper reaper_;                            // guarded by mutex_
  std::vector<pthread_t> threads_;               // guarded by mutex_; without those given up
  size_t threads_at_work_ = 0;                   // guarded by mutex_
  int threads_started_ = 0;                      // guarded by mutex_
  bool stopping_ = false;                        // guarded by mutex_
  bool reaper_ends_ = false;                     // guarded by mutex_
  /// By tasks whose threads were given up: what keeps this alive.
  std::unordered_map<TaskId, std::shared_ptr<Executor>> given_up_;  // guarded by mutex_
  std::thread reaper_thread_;
  std::thread memory_thread_;
};

/// Runs one task on this thread and reports how it ended, whatever code of the program's throws in it.
TaskReport runTask(const TaskLaunch& launch, TaskContext& task, ShuffleStore& shuffles);

/// What becomes of a report of a success where the result cannot be encoded. In a catch block's stead: `thrown` is what
/// guarded() gave.
void resultNotEncoded(TaskReport& report, const ExceptionText& thrown);

}  // namespace cerium
