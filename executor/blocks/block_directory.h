// Cerium. Licensed under the Apache License 2.0.
// Where blocks are, as far as an executor knows: map outputs and cached partitions, as its driver tells with each
// launch.
#pragma once

#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "base/protocol/messages.h"
#include "base/util/mutex.h"
#include "executor/blocks/remote_shuffle.h"

namespace cerium {

/// The known places of blocks. Threads: thread-safe.
class BlockDirectory {
 public:
  explicit BlockDirectory(ExecutorId self) : self_(self) {}

  /// Takes the peers and places of a launch.
  void learn(protocol::LaunchTasks& launch);
  void forget(ShuffleId shuffle);
  void forget(RddId rdd);
  /// Forgets an executor and returns its address, or nothing if it is unknown. Its blocks have no place from then on.
  std::optional<rpc::Endpoint> forget(ExecutorId executor);

  /// The executors that hold the map outputs. Throws FetchFailed if the shuffle is unknown.
  [[nodiscard]] RemoteShuffle::Where find(ShuffleId shuffle) const;
  /// Whether the shuffle's outputs are still where `shuffle` was told when it was opened.
  [[nodiscard]] bool isCurrent(const RemoteShuffle& shuffle) const;
  /// The address of another executor that has the cached partition.
  [[nodiscard]] std::optional<rpc::Endpoint> find(RddId rdd, int partition) const;

 private:
  const ExecutorId self_;
  mutable Mutex mutex_;
  std::map<int64_t, rpc::Endpoint> peers_ CERIUM_GUARDED_BY(mutex_);
  std::map<ShuffleId, std::shared_ptr<const protocol::ShuffleLocations>> shuffles_ CERIUM_GUARDED_BY(mutex_);
  std::map<std::pair<int64_t, int32_t>, int64_t> cached_ CERIUM_GUARDED_BY(mutex_);
};

}  // namespace cerium
