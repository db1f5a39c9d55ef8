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
  std::vector<protocol::LaunchTasks> encode(ToldExecutor& told, const out::Launch& launch,
                                            const std::vector<TaskLaunch>& tasks, std::vector<TaskReport>& unsent);

  void addPeer(const protocol::Peer& peer) { peers_[peer.executor] = peer; }
  void forgetExecutor(ExecutorId executor) { peers_.erase(executor.value); }
  void forgetStage(StageId stage) { stages_.erase(stage); }
  [[nodiscard]] int partitionsOf(StageId stage) const;

 private:
  /// What is the same for all tasks of a stage.
  struct Prepared {
    Bytes code;
    int num_partitions = 0;
    bool has_sources = false;  ///< Tasks are sent data of their partitions.
  };
  const Prepared& prepare(const StageCode& stage);
  size_t add(const TaskLaunch& task, ToldExecutor& told, protocol::LaunchTasks& message);
  static void tellShuffle(ToldExecutor& told, const out::ShuffleLocations& known, protocol::LaunchTasks& message);
  void tellPeers(ToldExecutor& told, protocol::LaunchTasks& message) const;
  static size_t addSources(const TaskLaunch& task, const Prepared& prepared, protocol::TaskLaunch& message);

  const ContextId context_;
  std::map<StageId, Prepared> stages_;
  std::map<int64_t, protocol::Peer> peers_;
};

}  // namespace cerium
