// Cerium. Licensed under the Apache License 2.0.
// The public interface of a running task (TaskContext), and the services that its executor offers it (TaskServices).
#pragma once

#include <atomic>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/events/task_metrics.h"
#include "base/storage/memory_manager.h"
#include "base/storage/spill_space.h"
#include "base/util/ids.h"
#include "base/util/mutex.h"
#include "rdd/block.h"
#include "rdd/shuffle/shuffle_range.h"
#include "rdd/shuffle/shuffle_sizes.h"
#include "rdd/storage_level.h"

namespace cerium {

class AccumulatorCell;
class RddNode;
class TaskContext;

/// A part of one map task's output for one reduce partition: typed in memory, or encoded on disk.
struct ShuffleSegment {
  TypedBlock block;
  SpilledPtr spilled;  ///< Set instead of `block` if the segment is on disk.
};

/// The output of one map task: the segments of each reduce partition, in the order of writing.
struct MapOutput {
  MapOutput() = default;
  explicit MapOutput(int num_partitions);
  /// Adds a segment of `size` to partition `p`.
  void add(size_t p, ShuffleSegment segment, PartSize size);

  std::vector<std::vector<ShuffleSegment>> partitions;
  std::vector<PartSize> sizes;  ///< Of each partition.
  size_t reserved = 0;          ///< Bytes charged to the MemoryManager for blocks in memory.
  /// The hash of all records in order, by partition. Two attempts of a map task have equal checksums if and only if
  /// they made the same records, however these were cut into segments.
  uint64_t checksum = 0;
};

/// A segment as a reduce task reads it: typed if the map task ran in this process, else encoded.
struct FetchedSegment {
  TypedBlock block;
  std::shared_ptr<const Bytes> encoded;
};

/// The segments of a range of a shuffle: reduce partition by reduce partition, each in map order; segments of one map
/// task in the order of writing.
class SegmentSource {
 public:
  virtual ~SegmentSource() = default;
  /// Blocks until the next segment; nothing at the end. Throws FetchFailed if a map output is gone.
  virtual std::optional<FetchedSegment> next() = 0;
};

/// Thrown in a task when shuffle output cannot be read; the driver then runs the map task again. `map` is kAllMaps if
/// the executor cannot be reached, so that all its output is lost.
class FetchFailed : public Error {
 public:
  static constexpr int kAllMaps = -1;
  FetchFailed(ShuffleId shuffle_id, int map_index, ExecutorId from, const std::string& detail)
      : Error(detail), shuffle(shuffle_id), map(map_index), source(from) {}
  ShuffleId shuffle;
  int map;
  ExecutorId source;
};

/// Thrown in a task that was told to stop.
class TaskKilled : public Error {
 public:
  using Error::Error;
};

/// A run of encoded records of a cached partition, in memory or on this machine's disk.
struct CachedPiece {
  CheckedBytes encoded;
  SpilledPtr spilled;  ///< Set instead of `encoded` if the piece is on disk.

  /// Reads a piece that is on disk. Throws CorruptData if the bytes are not the written ones, and IoError if the disk
  /// fails.
  [[nodiscard]] CheckedBytes read() const { return spilled ? spilled->readChecked() : encoded; }
};

/// A cached partition.
struct CachedBlock {
  TypedBlock block;
  std::vector<CachedPiece> pieces;  ///< Set instead of `block` if bytes are stored: the records in order.
  bool is_elsewhere = false;        ///< Fetched from another executor.

  static CachedBlock of(TypedBlock block) { return {std::move(block), {}, false}; }
  static CachedBlock of(std::vector<CachedPiece> pieces) { return {{}, std::move(pieces), false}; }
  /// Bytes held in memory, and on disk.
  [[nodiscard]] size_t memory() const;
  [[nodiscard]] size_t disk() const;
  /// The same records encoded in pieces: on `disk`, or if that is null in memory, except pieces that are on disk
  /// already. Threads: any. Throws IoError if the disk is full, and TaskKilled if `task` (may be null) is told to stop.
  [[nodiscard]] CachedBlock inPieces(const std::shared_ptr<SpillSpace>& disk, const TaskContext* task) const;
};

/// The services of an executor for the code that it runs. Implemented in executor/. Threads: all methods from any task
/// thread.
class TaskServices {
 public:
  virtual ~TaskServices() = default;
  virtual std::unique_ptr<SegmentSource> openShuffle(TaskContext& task, const ShuffleRange& range) = 0;
  /// A cached partition of this executor, or else of another one; nothing if it must be computed.
  virtual std::optional<CachedBlock> findCached(RddId rdd, int partition) = 0;
  /// Stores a computed partition. Returns false if it does not fit (and the level has no disk).
  virtual bool cacheBlock(RddId rdd, int partition, StorageLevel level, CachedBlock block) = 0;
  /// Tells that a partition of `node` was computed and cached, so that the shuffles below it will hardly be read again.
  virtual void computedForCache(const RddNode& node) = 0;
  virtual MemoryManager& memory() = 0;
  virtual const std::shared_ptr<SpillSpace>& spillSpace() = 0;
  /// Blocks until all tasks of the barrier stage have called it. Returns their messages, by partition.
  virtual std::vector<std::string> barrier(TaskContext& task, const std::string& message) = 0;
  /// The path of a local copy of a file that the driver added.
  virtual std::string addedFile(const std::string& name) = 0;
  /// The Context whose tasks run here; none in an executor's process, which serves only one.
  [[nodiscard]] virtual ContextId context() const { return {}; }
};

/// A running task. The task's own thread and the threads that it starts share it (see task_threads.cc). Threads: public
/// members are for the task's own thread, unless they say "any thread".
class TaskContext : public std::enable_shared_from_this<TaskContext> {
 public:
  /// The ids of a task, set by the executor.
  struct Identity {
    StageId stage;
    int stage_attempt = 0;
    int partition = 0;
    int num_partitions = 0;
    int attempt = 0;
    TaskId task;
    int lineage_depth = 0;  ///< RddNode::lineageDepth() of the RDD whose partition the task computes.
    std::unordered_map<std::string, std::string> properties;
  };

  TaskContext(Identity identity, TaskServices& services);
  ~TaskContext();
  TaskContext(const TaskContext&) = delete;
  TaskContext& operator=(const TaskContext&) = delete;

  /// The context of the task that runs on this thread or started it; null on a thread without a running task (the
  /// driver's own code).
  static TaskContext* get();

  /// The running task's partition; 0 on a thread without a task.
  static int getPartitionId() { return get() == nullptr ? 0 : get()->partitionId(); }

  [[nodiscard]] int64_t stageId() const { return identity_.stage.value; }
  [[nodiscard]] int stageAttemptNumber() const { return identity_.stage_attempt; }
  [[nodiscard]] int partitionId() const { return identity_.partition; }
  [[nodiscard]] int numPartitions() const { return identity_.num_partitions; }
  /// 0 for the first try of this partition.
  [[nodiscard]] int attemptNumber() const { return identity_.attempt; }
  /// Unique among all attempts of all tasks of the application.
  [[nodiscard]] int64_t taskAttemptId() const { return identity_.task.value; }
  [[nodiscard]] std::string getLocalProperty(const std::string& key) const;
  /// Runs `listener` when the task ends, with or without success. The listener added last runs first.
  void addTaskCompletionListener(std::function<void(TaskContext&)> listener);
  template <std::invocable F>
  void addTaskCompletionListener(F listener) {
    addTaskCompletionListener([listener = std::move(listener)](TaskContext&) mutable { listener(); });
  }
  /// True once the task was told to stop; a long-running function should return soon.
  [[nodiscard]] bool isInterrupted() const { return interrupted_.load(std::memory_order_relaxed); }

  // The members below are for the engine.

  /// Marks this thread as the task's own while the object lives.
  class OwnThread {
   public:
    explicit OwnThread(TaskContext& task);
    ~OwnThread();
    OwnThread(const OwnThread&) = delete;
    OwnThread& operator=(const OwnThread&) = delete;

   private:
    TaskContext* outer_;
  };
  /// Marks this thread as one that the task has started while the object lives.
  class StartedThread {
   public:
    explicit StartedThread(TaskContext& task);
    ~StartedThread();
    StartedThread(const StartedThread&) = delete;
    StartedThread& operator=(const StartedThread&) = delete;
  };
  /// The task whose own thread this is, or null.
  static TaskContext* ofOwnThread();
  /// The task that owns or started this thread, even after the task's end; or null.
  static TaskContext* ofAnyThread();

  [[nodiscard]] int lineageDepth() const { return identity_.lineage_depth; }

  void interrupt() { interrupted_ = true; }
  /// Tells the task to stop because of its own fault: it fails with `why`. Any thread.
  void fail(std::string why);
  /// The argument of fail(), or empty. Any thread.
  [[nodiscard]] std::string whyFailed() const;
  /// Throws TaskKilled if the task was told to stop. Costs a load and a branch, cheap enough for each record of all but
  /// the tightest loops; these call checkInterruptedCheaply(), and this every few records.
  void checkInterrupted() const {
    if (isInterrupted()) [[unlikely]]
      throwKilled();
  }
  /// Like checkInterrupted(), with a load that the compiler may move out of a loop whose calls it sees completely. So a
  /// loop of plain arithmetic stays as fast as without a check, even vectorised, and a loop whose function does
  /// anything slow (a system call, a lock, an allocation) checks at each record.
  void checkInterruptedCheaply() const {
#if defined(__SANITIZE_THREAD__)
    checkInterrupted();
#else
    // A plain read of a variable that another thread writes, on purpose: an atomic load would not be moved out of the
    // loop. A stale value costs a few records until checkInterrupted().
    if (reinterpret_cast<const bool&>(interrupted_)) [[unlikely]]
      throwKilled();
#endif
  }
  /// Returns true for the first caller, which reports how the task ended. Any thread.
  [[nodiscard]] bool claimEnd() { return !end_is_claimed_.exchange(true); }
  [[nodiscard]] TaskServices& services() { return services_; }
  [[nodiscard]] ContextId context() const { return context_; }
  [[nodiscard]] TaskMetrics& metrics() { return metrics_; }
  /// Adds the sizes of a map task's output to its metrics.
  void countShuffled(const MapOutput& output);

  /// The bytes that the driver sent for partition `p` of `rdd` (RddNode::encodePartition).
  [[nodiscard]] const Bytes& partitionData(RddId rdd, int p) const;
  void setPartitionData(RddId rdd, int p, Bytes bytes);

  /// This task's part of an accumulator, made at its first use.
  [[nodiscard]] AccumulatorCell& accumulator(AccumulatorId id) {
    for (auto& [known, cell] : cells_) {
      if (known == id) return *cell;
    }
    return newCell(cells_, id);
  }
  using Cells = std::vector<std::pair<AccumulatorId, std::unique_ptr<AccumulatorCell>>>;
  [[nodiscard]] Cells& cells() { return cells_; }
  /// Uses the accumulator's part on a thread that the task has started. Throws InvalidArgument after the task's end.
  /// Any thread.
  void addFromStartedThread(AccumulatorId id, const std::function<void(AccumulatorCell&)>& use);
  /// Fails the task, because a thread that it has started ended by an exception. Returns false if the task has ended.
  /// Any thread.
  [[nodiscard]] bool startedThreadThrew(const std::exception_ptr& thrown);

  /// Runs all completion listeners and then throws the first exception of one. The executor calls it on the task's
  /// thread after the function has ended.
  void complete();
  /// Ends the task: later additions are refused. Adds the parts of the threads that it has started to its own, and
  /// throws an exception of one of them.
  void close();

 private:
  [[noreturn]] static void throwKilled();
  /// Shared by the threads that the task starts.
  struct StartedThreads {
    Mutex mutex;
    bool ended CERIUM_GUARDED_BY(mutex) = false;
    Cells cells CERIUM_GUARDED_BY(mutex);
    std::exception_ptr thrown CERIUM_GUARDED_BY(mutex);
  };
  AccumulatorCell& newCell(Cells& cells, AccumulatorId id) const;

  const Identity identity_;
  TaskServices& services_;
  const ContextId context_;
  std::atomic<bool> interrupted_{false};
  std::atomic<bool> end_is_claimed_{false};
  mutable Mutex why_mutex_;
  std::string why_failed_ CERIUM_GUARDED_BY(why_mutex_);
  TaskMetrics metrics_;
  std::vector<std::function<void(TaskContext&)>> listeners_;
  std::vector<std::tuple<RddId, int, Bytes>> partition_data_;
  Cells cells_;
  StartedThreads started_;
};

/// The context of a task of a barrier stage, which rdd.barrier().mapPartitions(f) makes. Its tasks can wait for each
/// other.
///   rdd.barrier().mapPartitions([](auto& records) { ...; BarrierTaskContext::get().barrier(); ... });
class BarrierTaskContext {
 public:
  /// The context of the task on this thread. Throws InvalidArgument on a thread without a task.
  static BarrierTaskContext get();

  /// Blocks until every task of the stage has called it the same number of times. Throws Error after
  /// cerium.barrier.timeout.
  void barrier() { (void)allGather(""); }
  /// Waits as barrier() does. Returns the messages of all tasks: one for each partition, in order.
  std::vector<std::string> allGather(const std::string& message);
  [[nodiscard]] TaskContext& taskContext() const { return task_; }
  /// The rank and the size, in MPI's words.
  [[nodiscard]] int partitionId() const { return task_.partitionId(); }
  [[nodiscard]] int numPartitions() const { return task_.numPartitions(); }
  [[nodiscard]] int attemptNumber() const { return task_.attemptNumber(); }
  [[nodiscard]] int64_t stageId() const { return task_.stageId(); }
  [[nodiscard]] int64_t taskAttemptId() const { return task_.taskAttemptId(); }
  /// Allows BarrierTaskContext::get()->partitionId(), as with TaskContext.
  BarrierTaskContext* operator->() { return this; }

 private:
  explicit BarrierTaskContext(TaskContext& task) : task_(task) {}
  TaskContext& task_;
};

/// The error of a barrier that other tasks do not reach in time.
[[nodiscard]] Error barrierTimeout(int64_t limit_ms);

}  // namespace cerium
