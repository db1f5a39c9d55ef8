// Cerium. Licensed under the Apache License 2.0.
// An executor's copies of broadcast values, as chunks that it fetches from other holders and then serves.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <vector>

#include "base/protocol/messages.h"
#include "base/util/ids.h"
#include "base/util/mutex.h"
#include "executor/blocks/block_client.h"

namespace cerium {

/// Holds the chunks of broadcasts. Threads: all methods from any thread.
class BroadcastCache {
 public:
  explicit BroadcastCache(BlockClient& client) : client_(client) {}

  /// Fetches the chunks that `info` lists and keeps them. Each chunk comes from a random holder; the driver, which is
  /// listed first, is asked only if no other holder gives it. Throws IoError if no holder has a chunk.
  std::shared_ptr<const Bytes> fetch(const protocol::BroadcastInfo& info);
  [[nodiscard]] CheckedBytes chunk(BroadcastId id, int index) const;
  void drop(BroadcastId id);

 private:
  CheckedBytes fetchChunk(const protocol::BroadcastInfo& info, int index);

  BlockClient& client_;
  mutable Mutex mutex_;
  std::map<BroadcastId, std::vector<CheckedBytes>> chunks_ CERIUM_GUARDED_BY(mutex_);
};

}  // namespace cerium
