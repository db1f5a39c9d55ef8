// Cerium. Licensed under the Apache License 2.0.
// Fetches task results that are too large for a message, piece by piece, straight from the executor that has them.
#pragma once

#include "base/util/serial_thread.h"
#include "driver/backend/cluster_backend.h"
#include "executor/blocks/block_client.h"

namespace cerium {

/// Threads: fetch() from any thread; the work is done on a thread of its own, one result at a time, so that the driver
/// holds no more of them on the way than one.
class ResultFetcher {
 public:
  ResultFetcher(rpc::Transport& transport, BackendEvents& events) : client_(transport), events_(events) {}

  /// An executor that has been asked for a result.
  struct Source {
    ExecutorId id;
    rpc::Endpoint blocks;  ///< Where it serves them.
    rpc::ConnectionPtr connection;
  };
  /// Completes `task` with its result and tells the loop of its end; where the executor is gone, its loss tells the
  /// loop.
  void fetch(Source source, FinishedTask task);
  /// What is being fetched from there will not come.
  void executorLost(const rpc::Endpoint& executor, const std::string& reason) { client_.giveUp(executor, reason); }

 private:
  void fetchNow(const Source& source, FinishedTask task);

  BlockClient client_;
  BackendEvents& events_;
  SerialThread thread_{"cerium-results"};
};

}  // namespace cerium
