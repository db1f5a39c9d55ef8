// Cerium. Licensed under the Apache License 2.0.
// The tasks of one stage inside the task scheduler: which are pending, which run where, and which goes to an executor
// that has a core to spare. Private to driver/task_scheduler.cc.
#pragma once

#include <array>
#include <boost/unordered/unordered_flat_map.hpp>
#include <cstdint>
#include <deque>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "driver/executor_table.h"
#include "driver/task_scheduler.h"

namespace cerium {

struct Pool;

/// One stage's tasks, one slot a partition. Attempts of the stage share it (see TaskScheduler).
/// Queues hold slot indexes and are cleaned lazily: an entry whose slot is not pending any more is skipped.
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
    SlotState state = SlotState::kDropped;
    bool retry = false;        ///< It is in `retries_`; entries in other queues are stale.
    bool copy_wanted = false;  ///< A second copy is to start or has been started.
    int tries = 0;
    int failures = 0;
    int executors_lost = 0;  ///< Under its attempts, without their being to blame.
    int running_at = -1;     ///< Index in `running_`.
    Millis launched = 0;
    std::array<Copy, 2> copies;  ///< The live attempts; valid ids first.
  };

  TaskSet(const dag::SubmitTasks& tasks, Pool& pool, const TaskScheduler::Options& options);

  [[nodiscard]] StageRef ref() const { return ref_; }
  [[nodiscard]] JobId job() const { return job_; }
  [[nodiscard]] Pool& pool() const { return *pool_; }
  [[nodiscard]] bool isBarrier() const { return barrier_; }
  [[nodiscard]] Slot& slot(int index) { return slots_[static_cast<size_t>(index)]; }
  [[nodiscard]] const std::vector<Slot>& slots() const { return slots_; }
  [[nodiscard]] const std::vector<int>& running() const { return running_; }
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
  void noteFailure(int index, ExecutorId where);
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
  using Queue = std::deque<int>;
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
  void stopRunning(Slot& slot);
  [[nodiscard]] bool isStale(int index) const;
  void clean(Queue& queue) const;
  int takeRetry(const ExecutorSlots& executor, const ExecutorTable& executors);
  int takeNear(const ExecutorSlots& executor, Millis now);
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
  boost::unordered_flat_map<int, int> by_partition_;
  std::vector<int> running_;
  int pending_ = 0;
  int done_ = 0;

  Queue retries_;
  std::unordered_map<ExecutorId, Near> near_;
  std::unordered_map<ExecutorId, int> shares_;      // tasks that are an executor's own in near_, or were
  std::vector<RddId> inputs_;                       // whose cached partitions slots have as input; empty where none has
  std::unordered_map<std::string, Queue> on_host_;  // slots whose stored input the host holds; in anywhere_ too
  Queue anywhere_;
  Queue wanted_copies_;
  boost::unordered_flat_map<int, std::vector<ExecutorId>> failed_on_;

  int64_t ended_ = 0;
  Millis total_duration_ = 0;
  std::vector<Millis> recent_;  // a ring of the last durations, for the median
};

}  // namespace cerium
