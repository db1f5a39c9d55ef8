// Cerium. Licensed under the Apache License 2.0.
// The tasks of one stage inside the task scheduler: which are pending, which run where, and which goes to an executor
// that has a core to spare. Private to driver/scheduler/task_scheduler.cc.
#pragma once

#include <array>
#include <boost/unordered/unordered_flat_map.hpp>
#include <cstdint>
#include <deque>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "driver/scheduler/executor_table.h"
#include "driver/scheduler/slot_queue.h"
#include "driver/scheduler/task_scheduler.h"

namespace cerium {

struct Pool;

/// One stage's tasks, one slot a partition. Attempts of the stage share it (see TaskScheduler).
/// Queues hold slot indexes and are cleaned lazily: an entry whose slot is not pending any more is skipped.
/// A stage may have ten million tasks: what is not needed of each is kept for those only that have it.
/// Threads: externally synchronised.
class TaskSet {
 public:
  struct Copy {
    TaskId id;
    ExecutorId executor;
  };
  /// kDropped: the stage failed by fetch before this one began; it waits for the next attempt.
  enum class SlotState : uint8_t { kPending, kRunning, kDone, kDropped };
  struct Slot {
    int partition = -1;
    uint16_t tries = 0;  ///< Modulo 65,536; it numbers the attempts.
    SlotState state = SlotState::kDropped;
    bool retry = false;  ///< It is in `retries_`; entries in other queues are stale.
  };
  static_assert(sizeof(Slot) == 8);
  using Copies = std::array<Copy, 2>;
  /// What a slot has while it runs.
  struct Running {
    Copies copies;  ///< The live attempts; valid ids first.
    Millis launched = 0;
    bool copy_wanted = false;  ///< A second copy is to start or has been started.
  };

  TaskSet(const dag::SubmitTasks& tasks, Pool& pool, const TaskScheduler::Options& options);

  [[nodiscard]] StageRef ref() const { return ref_; }
  [[nodiscard]] JobId job() const { return job_; }
  [[nodiscard]] Pool& pool() const { return *pool_; }
  [[nodiscard]] bool isBarrier() const { return barrier_; }
  [[nodiscard]] Slot& slot(int index) { return slots_[static_cast<size_t>(index)]; }
  [[nodiscard]] const std::vector<Slot>& slots() const { return slots_; }
  [[nodiscard]] const boost::unordered_flat_map<int, Running>& running() const { return running_; }
  /// Of a running slot.
  [[nodiscard]] const Copies& copies(int index) const { return running_.at(index).copies; }
  [[nodiscard]] int pending() const { return pending_; }
  [[nodiscard]] bool isRunnable() const { return pending_ > 0 || !wanted_copies_.empty(); }
  [[nodiscard]] bool isFinished() const { return pending_ == 0 && running_.empty(); }
  [[nodiscard]] Millis since() const { return since_; }

  /// Takes in an attempt's partitions: those that are neither pending nor running become pending.
  void add(const dag::SubmitTasks& tasks, const ExecutorTable& executors, Millis now);

  /// The pending task that suits `executor` best; -1 where none may run there (now). With `steal` it may be one whose
  /// cached input is on another executor. The caller launches it.
  int take(ExecutorSlots& executor, const ExecutorTable& executors, bool steal, Millis now);
  /// A running task that should get a second copy and may get it on `executor`; -1 for none.
  int takeCopy(const ExecutorSlots& executor);
  void launched(int index, Copy copy, Millis now);

  /// An attempt ended without success: true where no other attempt of the slot runs on.
  bool removeCopy(int index, TaskId id);
  void finish(int index);
  /// After removeCopy: try again, or leave it to the next attempt of the stage where this one is suspended.
  void requeue(int index, bool retry);
  /// Returns how many there are of the slot by now.
  int noteFailure(int index, ExecutorId where);
  /// The slot's attempt lost its executor, without being to blame; returns how many did by now.
  int noteExecutorLost(int index) { return ++executors_lost_[index]; }
  /// Forgets all copies and starts over with every slot pending (a barrier stage stands or falls as a whole).
  void restart();
  /// The attempt failed by fetch: nothing more is launched before the next attempt arrives.
  void suspend();
  [[nodiscard]] bool isSuspended() const { return suspended_; }

  void recordDuration(Millis duration);
  /// How many tasks a core may be given ahead; 0 while the duration is unknown or long.
  [[nodiscard]] int aheadPerCore() const;
  /// Marks tasks that run far longer than most for a second copy; returns how many.
  int wantCopies(Millis now);
  /// True where a pending task could run on any executor. For checkInvariants.
  [[nodiscard]] bool hasUnboundTask() const;

  int barrier_failures = 0;

 private:
  using Queue = SlotQueue;
  /// Tasks whose cached input an executor holds.
  struct Near {
    Queue own;     ///< Those that are its share.
    Queue copies;  ///< Those that are the share of another, which holds their input too.
    [[nodiscard]] size_t size() const { return own.size() + copies.size(); }
  };

  int slotOf(int partition);
  void enqueue(int index, const std::vector<ExecutorSlots*>& holders, const std::vector<std::string>& hosts);
  void enqueueNear(int index, const std::vector<ExecutorSlots*>& holders);
  int claim(int index);
  [[nodiscard]] bool isStale(int index) const;
  void clean(Queue& queue) const;
  void clearQueues();
  int takeRetry(const ExecutorSlots& executor, const ExecutorTable& executors);
  int takeNear(const ExecutorSlots& executor, Millis now);
  template <class Place>
  int takeFrom(std::unordered_map<Place, Queue>& queues, const Place& place);
  int takeFar(ExecutorSlots& executor, const ExecutorTable& executors, Millis now);
  [[nodiscard]] bool isWorthMoving(const ExecutorSlots& from, const Near& tasks, const ExecutorSlots& to) const;
  /// What the task reads from a cache: an RDD, and the task's own partition.
  [[nodiscard]] std::pair<RddId, int> inputOf(int index) const;
  int move(Near& tasks, ExecutorId from, ExecutorSlots& to);
  [[nodiscard]] bool shouldWaitFor(const ExecutorSlots& holder, size_t backlog, Millis now) const;
  [[nodiscard]] double meanDuration() const;

  StageRef ref_;
  const JobId job_;
  Pool* const pool_;
  const bool barrier_;
  const TaskScheduler::Options& options_;
  bool suspended_ = false;
  Millis since_ = 0;             // the last attempt's arrival
  Millis last_near_launch_ = 0;  // or arrival

  std::vector<Slot> slots_;
  /// Of the slots whose places do not follow from their partitions, as they do where all partitions come in order.
  boost::unordered_flat_map<int, int> by_partition_;
  boost::unordered_flat_map<int, Running> running_;  // by slot
  int pending_ = 0;
  int done_ = 0;

  std::deque<int> retries_;
  std::unordered_map<ExecutorId, Near> near_;
  std::unordered_map<ExecutorId, int> shares_;      // tasks that are an executor's own in near_, or were
  std::vector<RddId> inputs_;                       // whose cached partitions slots have as input; empty where none has
  std::unordered_map<std::string, Queue> on_host_;  // slots whose stored input the host holds; in anywhere_ too
  std::unordered_map<ExecutorId, Queue> reads_of_;  // slots whose shuffle input it holds; in anywhere_ too
  Queue anywhere_;
  std::deque<int> wanted_copies_;
  boost::unordered_flat_map<int, std::vector<ExecutorId>> failed_on_;  // one a failure
  boost::unordered_flat_map<int, int> executors_lost_;

  int64_t ended_ = 0;
  Millis total_duration_ = 0;
  std::vector<Millis> recent_;  // a ring of the last durations, for the median
};

}  // namespace cerium
