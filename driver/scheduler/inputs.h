// Cerium. Licensed under the Apache License 2.0.
// What the scheduler is told: each kind of event a struct of one variant. Plain data, so that a run can be written to a
// log and replayed (driver/scheduler/input_log.h): fields() names what such a log keeps.
#pragma once

#include <memory>
#include <set>
#include <string>
#include <tuple>
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
  static auto fields(auto& it) { return std::tie(it.job, it.reason); }
};
/// The program holds no handle of the shuffle any more.
struct ShuffleReleased {
  ShuffleId shuffle;
  static auto fields(auto& it) { return std::tie(it.shuffle); }
};
struct RddUnpersisted {
  RddId rdd;
  static auto fields(auto& it) { return std::tie(it.rdd); }
};
struct PoolConfigured {
  std::string name;
  int weight = 1;
  int min_share = 0;
  static auto fields(auto& it) { return std::tie(it.name, it.weight, it.min_share); }
};
/// Some reader takes the events of single tasks and blocks (EventBus::isWatched), or no reader does any more.
struct ReadersChanged {
  bool watched = false;
  static auto fields(auto& it) { return std::tie(it.watched); }
};

// ---- from executors and their backend

struct ExecutorAdded {
  ExecutorId executor;
  std::string host;
  int cores = 0;
  uint64_t memory_bytes = 0;  ///< For blocks and operators.
  static auto fields(auto& it) { return std::tie(it.executor, it.host, it.cores, it.memory_bytes); }
};
/// `failure.kind` is kCrash where the process died. `crashed` are the tasks that ran on the thread at fault; empty
/// where that is not known: then every running task is suspect.
struct ExecutorLost {
  ExecutorId executor;
  Failure failure;
  std::vector<TaskId> crashed;
  static auto fields(auto& it) {
    return std::tie(it.executor, it.failure.kind, it.failure.message, it.failure.signal, it.crashed);
  }
};
/// The executor's machine leaves: the executor gets no more tasks, and what it holds moves to others.
struct ExecutorLeaving {
  ExecutorId executor;
  std::string reason;
  static auto fields(auto& it) { return std::tie(it.executor, it.reason); }
};
/// out::RetireExecutor was done: the executor has no cores any more, and still serves its map outputs.
struct ExecutorRetired {
  ExecutorId executor;
  static auto fields(auto& it) { return std::tie(it.executor); }
};
/// What an executor uses of its machine, in bytes.
struct ExecutorUses {
  ExecutorId executor;
  uint64_t memory = 0;
  uint64_t disk = 0;
  static auto fields(auto& it) { return std::tie(it.executor, it.memory, it.disk); }
};
/// Tasks of one executor ended, in this order.
struct TasksEnded {
  ExecutorId executor;
  std::vector<TaskEnd> ends;
  /// Executors that `ends` could not read from and that the driver does not hear either.
  std::set<ExecutorId> unheard;
  static auto fields(auto& it) { return std::tie(it.executor, it.ends, it.unheard); }
};
struct BlockChanged {
  ExecutorId executor;
  BlockChange change;
  static auto fields(auto& it) {
    return std::tie(it.executor, it.change.rdd, it.change.partition, it.change.present, it.change.memory,
                    it.change.disk);
  }
};
/// out::MoveShuffle was done, or failed: `failure` is empty or says why.
struct ShuffleMoved {
  ShuffleId shuffle;
  std::vector<int> maps;
  ExecutorId from;
  ExecutorId to;
  std::string failure;
  static auto fields(auto& it) { return std::tie(it.shuffle, it.maps, it.from, it.to, it.failure); }
};
/// No executor starts: nothing can run any more. Each job fails with `reason`.
struct BackendFailed {
  std::string reason;
  static auto fields(auto& it) { return std::tie(it.reason); }
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
  static auto fields(auto& it) {
    return std::tie(it.job, it.stage.id, it.stage.attempt, it.partition, it.attempt, it.exception_type, it.message,
                    it.call_site);
  }
};
/// The answer to out::ConfirmJob: every delivery before it was done, or was reported by DeliveryFailed.
struct JobConfirmed {
  JobId job;
  static auto fields(auto& it) { return std::tie(it.job); }
};
/// Comes every 100 ms or so.
struct Tick {
  bool executors_are_starting = false;  ///< Some have been asked for and have not registered yet.
  static auto fields(auto& it) { return std::tie(it.executors_are_starting); }
};
/// The loop ends: the end of each task that still runs is told.
struct Stopped {
  static auto fields(auto&) { return std::tie(); }
};

using Event = std::variant<JobSubmitted, JobCancelled, ShuffleReleased, RddUnpersisted, PoolConfigured, ReadersChanged,
                           ExecutorAdded, ExecutorLost, ExecutorLeaving, ExecutorRetired, ExecutorUses, TasksEnded,
                           BlockChanged, ShuffleMoved, BackendFailed, DeliveryFailed, JobConfirmed, Tick, Stopped>;

}  // namespace cerium::in
