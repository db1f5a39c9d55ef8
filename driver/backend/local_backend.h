// Cerium. Licensed under the Apache License 2.0.
// Runs tasks on threads of the driver's own process: master "local", "local[N]", "local[N,F]". Nothing is encoded.
#pragma once

#include <chrono>
#include <memory>

#include "driver/backend/cluster_backend.h"

namespace cerium {

struct LocalOptions {
  int threads = 1;
  int max_failures = 1;
  size_t memory_bytes = 0;
  std::vector<std::string> local_dirs;
  int64_t barrier_ms = 60'000;                     ///< How long a task waits at a barrier for the others.
  std::chrono::milliseconds kill_timeout{10'000};  ///< See ExecutorOptions.
  ContextId context;
  bool measures_results = false;  ///< There is a limit on their bytes.
};

std::unique_ptr<ClusterBackend> makeLocalBackend(LocalOptions options);

}  // namespace cerium
