// Cerium. Licensed under the Apache License 2.0.
// Runs tasks in executor processes of this machine, which the driver starts and watches: master
// "local-cluster[executors,cores,memory]". Real processes and sockets, no daemon.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "driver/cluster_backend.h"

namespace cerium {

struct ProcessOptions {
  std::string application;
  int executors = 1;
  int cores = 1;
  size_t memory_bytes = 0;
  std::vector<std::string> local_dirs;
  std::string log_dir;  ///< Empty: below the user's state folder.
  int heartbeat_ms = 1000;
  Millis dead_after_ms = 10'000;
  uint64_t broadcast_chunk = uint64_t{4} << 20;
};

std::unique_ptr<ClusterBackend> makeProcessBackend(ProcessOptions options);

}  // namespace cerium
