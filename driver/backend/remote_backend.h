// Cerium. Licensed under the Apache License 2.0.
// Runs tasks in executor processes, whoever starts them: talks to them, watches that they live, serves what they fetch
// from the driver.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "driver/backend/cluster_backend.h"
#include "driver/provider/executor_provider.h"

namespace cerium {

struct RemoteOptions {
  std::string application;
  ContextId context;
  size_t memory_bytes = 0;   ///< Budget of one executor.
  size_t process_limit = 0;  ///< Of one executor's process; 0 is no limit.
  std::vector<std::string> local_dirs;
  int heartbeat_ms = 1000;
  Millis dead_after_ms = 10'000;
  int64_t barrier_ms = 60'000;       ///< How long a task waits at a barrier for the others.
  int64_t kill_timeout_ms = 10'000;  ///< See ExecutorOptions.
  uint64_t broadcast_chunk = uint64_t{4} << 20;
  bool reads_ahead = true;  ///< See ExecutorOptions.
};

std::unique_ptr<ClusterBackend> makeRemoteBackend(RemoteOptions options, std::unique_ptr<ExecutorProvider> provider);

}  // namespace cerium
