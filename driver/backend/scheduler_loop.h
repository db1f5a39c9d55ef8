// Cerium. Licensed under the Apache License 2.0.
// The thread that owns the scheduler: it queues what happens, tells the scheduler the time, and carries its
// instructions out. What follows from what is the scheduler's to decide (driver/scheduler/scheduler.h).
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <variant>
#include <vector>

#include "base/util/mutex.h"
#include "driver/backend/cluster_backend.h"
#include "driver/backend/running_job.h"
#include "driver/events/event_bus.h"
#include "driver/replay/input_log.h"
#include "driver/scheduler/scheduler.h"

namespace cerium {

/// Threads: public methods from any thread; everything private runs on the loop's thread.
/// Life: start() -> stop(), which fails the jobs that still run.
class SchedulerLoop final : public BackendEvents {
 public:
  /// `input_log` gets what the scheduler is told; null: nothing is recorded.
  SchedulerLoop(Scheduler::Options options, ClusterBackend& backend, EventBus& bus,
                std::unique_ptr<replay::InputLog> input_log);
  ~SchedulerLoop() override;

  void start();
  void stop(const std::string& reason);

  void submit(std::shared_ptr<RunningJob> job);
  void cancelJob(JobId job, const std::string& reason) { happened(in::JobCancelled{job, reason}); }
  /// Cancels the jobs that `which` names; empty: all.
  void cancelJobs(std::function<bool(const JobSettings&)> which, const std::string& reason);
  /// Blocks until all that was posted before has been done, 10 seconds at most. Not on the loop's thread.
  void waitUntilIdle();
  /// What waits and why; for a stuck program's log. Blocks for 5 seconds at most. Not on the loop's thread.
  [[nodiscard]] std::string explainWaiting();

  // BackendEvents
  void happened(in::Event event) override { queue(std::move(event)); }
  void taskEnded(ExecutorId executor, FinishedTask task) override { queue(Ended{executor, std::move(task)}); }
  void post(std::function<void()> action) override { queue(std::move(action)); }

 private:
  struct Ended {
    ExecutorId executor;
    FinishedTask task;
  };
  using Item = std::variant<in::Event, Ended, std::function<void()>>;

  void queue(Item item);
  void run();
  void work(std::deque<Item>& items);
  void workGuarded(const std::function<void()>& action);
  void takeEnds(std::deque<Item>& items);
  /// Tells the scheduler, and carries out what follows, until nothing follows any more.
  void feed(in::Event event);
  void end();
  [[nodiscard]] out::Instructions handle(in::Event event);
  /// One of `ended_`. O(1): instructions name tasks in the order of their ends.
  [[nodiscard]] FinishedTask& ended(TaskId task);
  [[nodiscard]] Millis now() const;

  void carry(out::AddStage& add);
  void carry(out::DropStage& drop);
  void carry(out::Launch& launch);
  void carry(out::FetchResult& fetch);
  void carry(out::Deliver& deliver);
  void carry(out::HandOutSizes& sizes);
  void carry(out::ConfirmJob& confirm);
  void carry(out::EndJob& end);
  void carry(out::Tell& tell);
  void carry(out::Log& line);
  /// Every other instruction is the backend's.
  template <class Instruction>
  void carry(Instruction& instruction) {
    backend_.carryOut(instruction);
  }
  void take(const out::Deliver& deliver);

  ClusterBackend& backend_;
  EventBus& bus_;
  std::thread thread_;
  Mutex mutex_;
  CondVar wake_;
  std::deque<Item> items_ CERIUM_GUARDED_BY(mutex_);
  bool stopping_ CERIUM_GUARDED_BY(mutex_) = false;

  // Owned by the loop's thread.
  Scheduler scheduler_;
  const std::unique_ptr<replay::InputLog> input_log_;
  std::map<JobId, std::shared_ptr<RunningJob>> jobs_;
  std::map<StageId, StageCodePtr> stages_;
  std::deque<in::Event> to_feed_;
  std::vector<FinishedTask> ended_;  ///< The tasks of the in::TasksEnded that is being fed.
  size_t next_ended_ = 0;            ///< Where ended() found the last of them.
  bool is_watched_ = false;          ///< What the scheduler was told of EventBus::isWatched().
};

}  // namespace cerium
