// Cerium. Licensed under the Apache License 2.0.
// An executor's copies of broadcast values, as chunks that it fetches from other holders and then serves itself.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <vector>

#include "base/protocol/messages.h"
#include "base/util/ids.h"
#include "executor/blocks/block_client.h"

namespace cerium {

/// Threads: all methods from any thread.
class BroadcastCache {
 public:
  explicit BroadcastCache(BlockClient& client) : client_(client) {}

  /// Fetches the chunks that `info` describes, each from a holder chosen at random (the driver, listed first, is asked
  /// only where the others fail or are none), and keeps them. Throws IoError where no holder has a chunk.
  std::shared_ptr<const Bytes> fetch(const protocol::BroadcastInfo& info);
  [[nodiscard]] CheckedBytes chunk(BroadcastId id, int index) const;
  void drop(BroadcastId id);

 private:
  CheckedBytes fetchChunk(const protocol::BroadcastInfo& info, int index);

  BlockClient& client_;
  mutable std::mutex mutex_;
  std::map<BroadcastId, std::vector<CheckedBytes>> chunks_;  // guarded by mutex_
};

}  // namespace cerium
