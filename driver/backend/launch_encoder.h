// Cerium. Licensed under the Apache License 2.0.
// Turns launches into messages: a stage's code and a shuffle's locations go to each executor once, tasks name them.
#pragma once

#include <map>
#include <set>
#include <vector>

#include "base/protocol/messages.h"
#include "driver/backend/cluster_backend.h"

namespace cerium {

/// What one executor knows already.
struct ToldExecutor {
  std::set<StageId> stages;
  std::map<ShuffleId, int64_t> shuffles;  ///< The epoch of the locations it was told.
  std::set<int64_t> peers;
  int64_t next_accumulator = 0;
};

/// Threads: externally synchronised (the scheduler loop).
class LaunchEncoder {
 public:
  explicit LaunchEncoder(ContextId context) : context_(context) {}

  /// What to send, in order: several messages where one would be large. `unsent`: how those of the tasks end that
  /// cannot be encoded, as code of the program's throws there, or as they are more than a message may hold.
  std::vector<protocol::LaunchTasks> encode(ToldExecutor& told, const std::vector<TaskLaunch>& tasks,
                                            const DagScheduler& dag, std::vector<TaskReport>& unsent);

  void addPeer(const protocol::Peer& peer) { peers_[peer.executor] = peer; }
  void forgetExecutor(ExecutorId executor);
  void forgetStage(StageId stage) { stages_.erase(stage); }
  void blockChanged(ExecutorId executor, const BlockChange& change);
  void forgetRdd(RddId rdd);
  /// Its cached partitions only: it stays persisted.
  void forgetBlocks(RddId rdd);
  [[nodiscard]] size_t holders(RddId rdd, int partition) const;
  /// The storage level of an RDD that some launched stage reads or fills; NONE where none does.
  [[nodiscard]] StorageLevel levelOf(RddId rdd) const;
  [[nodiscard]] int partitionsOf(StageId stage) const;

 private:
  /// What is the same for all tasks of a stage.
  struct Prepared {
    Bytes code;
    int num_partitions = 0;
    std::vector<ShuffleId> shuffles;  ///< That its tasks read.
    bool has_sources = false;         ///< Tasks are sent data of their partitions.
    bool has_cached = false;          ///< Some RDD of the stage is persisted.
  };
  const Prepared& prepare(const StageCode& stage);
  size_t add(const TaskLaunch& task, ToldExecutor& told, const DagScheduler& dag, protocol::LaunchTasks& message);
  void tellShuffle(ToldExecutor& told, ShuffleId shuffle, const DagScheduler& dag, protocol::LaunchTasks& message);
  void tellPeers(ToldExecutor& told, protocol::LaunchTasks& message) const;
  size_t addInputs(const StageCode& stage, const Prepared& prepared, const TaskLaunch& task,
                   protocol::LaunchTasks& message, protocol::TaskLaunch& out) const;

  const ContextId context_;
  std::map<StageId, Prepared> stages_;
  std::map<int64_t, protocol::Peer> peers_;
  std::map<std::pair<RddId, int>, std::set<ExecutorId>> cached_;
  std::map<RddId, StorageLevel> levels_;
};

}  // namespace cerium
