// Cerium. Licensed under the Apache License 2.0.
// What the scheduler is told: each kind of event a struct of one variant. All of it is plain data but the lineage of a
// job.
#pragma once

#include <memory>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "base/events/events.h"
#include "driver/scheduler/dag_scheduler.h"
#include "driver/scheduler/failure.h"
#include "rdd/task.h"

namespace cerium::in {

// ---- from the program

/// An action was called. `spec.job` is new.
struct JobSubmitted {
  JobSpec spec;
  std::shared_ptr<const events::JobDescription> shown;
};
struct JobCancelled {
  JobId job;
  std::string reason;
};
/// The program holds no handle of the shuffle any more.
struct ShuffleReleased {
  ShuffleId shuffle;
};
struct RddUnpersisted {
  RddId rdd;
};
struct PoolConfigured {
  std::string name;
  int weight = 1;
  int min_share = 0;
};
/// Some reader takes the events of single tasks and blocks (EventBus::isWatched), or no reader does any more.
struct ReadersChanged {
  bool watched = false;
};

// ---- from executors and their backend

struct ExecutorAdded {
  ExecutorId executor;
  std::string host;
  int cores = 0;
  uint64_t memory_bytes = 0;  ///< For blocks and operators.
};
/// `failure.kind` is kCrash where the process died. `crashed` are the tasks that ran on the thread at fault; empty
/// where that is not known: then every running task is suspect.
struct ExecutorLost {
  ExecutorId executor;
  Failure failure;
  std::vector<TaskId> crashed;
};
/// The executor's machine leaves: the executor gets no more tasks, and what it holds moves to others.
struct ExecutorLeaving {
  ExecutorId executor;
  std::string reason;
};
/// out::RetireExecutor was done: the executor has no cores any more, and still serves its map outputs.
struct ExecutorRetired {
  ExecutorId executor;
};
/// What an executor uses of its machine, in bytes.
struct ExecutorUses {
  ExecutorId executor;
  uint64_t memory = 0;
  uint64_t disk = 0;
};
/// Tasks of one executor ended, in this order.
struct TasksEnded {
  ExecutorId executor;
  std::vector<TaskEnd> ends;
  /// Executors that `ends` could not read from and that the driver does not hear either.
  std::set<ExecutorId> unheard;
};
struct BlockChanged {
  ExecutorId executor;
  BlockChange change;
};
/// out::MoveShuffle was done, or failed: `failure` is empty or says why.
struct ShuffleMoved {
  ShuffleId shuffle;
  std::vector<int> maps;
  ExecutorId from;
  ExecutorId to;
  std::string failure;
};
/// No executor starts: nothing can run any more. Each job fails with `reason`.
struct BackendFailed {
  std::string reason;
};

// ---- from the loop that carries instructions out

/// out::Deliver threw: an accumulator's merge, or what takes the results.
struct DeliveryFailed {
  JobId job;
  StageRef stage;
  int partition = -1;
  int attempt = 0;
  std::string exception_type;
  std::string message;
  std::string call_site;  ///< Of the user's function; empty where none is known.
};
/// The answer to out::ConfirmJob: every delivery before it was done, or was reported by DeliveryFailed.
struct JobConfirmed {
  JobId job;
};
/// Comes every 100 ms or so.
struct Tick {
  bool executors_are_starting = false;  ///< Some have been asked for and have not registered yet.
};
/// The loop ends: the end of each task that still runs is told.
struct Stopped {};

using Event = std::variant<JobSubmitted, JobCancelled, ShuffleReleased, RddUnpersisted, PoolConfigured, ReadersChanged,
                           ExecutorAdded, ExecutorLost, ExecutorLeaving, ExecutorRetired, ExecutorUses, TasksEnded,
                           BlockChanged, ShuffleMoved, BackendFailed, DeliveryFailed, JobConfirmed, Tick, Stopped>;

}  // namespace cerium::in
