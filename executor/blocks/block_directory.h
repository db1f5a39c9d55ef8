// Cerium. Licensed under the Apache License 2.0.
// What an executor knows of where blocks are: map outputs and cached partitions, as its driver tells with each launch.
#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include "base/protocol/messages.h"
#include "executor/blocks/remote_shuffle.h"

namespace cerium {

/// Threads: thread-safe.
class BlockDirectory {
 public:
  explicit BlockDirectory(ExecutorId self) : self_(self) {}

  /// Takes what the launch tells of peers and places.
  void learn(protocol::LaunchTasks& launch);
  void forget(ShuffleId shuffle);
  void forget(RddId rdd);
  /// Where it listened; nothing where it was not known. Its blocks are nowhere from now on.
  std::optional<rpc::Endpoint> forget(ExecutorId executor);

  /// Throws FetchFailed where nothing was told of the shuffle.
  [[nodiscard]] RemoteShuffle::Where find(ShuffleId shuffle) const;
  /// Another executor that has the cached partition.
  [[nodiscard]] std::optional<rpc::Endpoint> find(RddId rdd, int partition) const;

 private:
  const ExecutorId self_;
  mutable std::mutex mutex_;
  std::map<int64_t, rpc::Endpoint> peers_;                    // guarded by mutex_
  std::map<ShuffleId, protocol::ShuffleLocations> shuffles_;  // guarded by mutex_
  std::map<std::pair<int64_t, int32_t>, int64_t> cached_;     // guarded by mutex_
};

}  // namespace cerium
