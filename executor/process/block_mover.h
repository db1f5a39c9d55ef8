// Cerium. Licensed under the Apache License 2.0.
// Carries out the driver's orders to move blocks: copies of cached partitions, map outputs of an executor that leaves,
// and this executor's own output when it is retired.
#pragma once

#include <functional>

#include "base/protocol/messages.h"
#include "base/util/serial_thread.h"
#include "executor/blocks/block_client.h"
#include "executor/executor.h"

namespace cerium {

/// Carries orders out one after the other on a thread of its own and reports to the driver. Threads: thread-safe.
class BlockMover {
 public:
  BlockMover(Executor& executor, BlockClient& client, std::function<void(protocol::Message)> tell);

  void add(protocol::AdoptShuffle order);    ///< Answered by ShuffleAdopted.
  void add(protocol::ReplicateBlock order);  ///< Blocks that no longer exist are left out.
  void add(protocol::Retire order);          ///< Answered by Retired.

 private:
  void adopt(const protocol::AdoptShuffle& order);
  void copy(const protocol::ReplicateBlock& order);
  void retire();

  Executor& executor_;
  BlockClient& client_;
  const std::function<void(protocol::Message)> tell_;
  SerialThread thread_{"cerium-move"};
};

}  // namespace cerium
