// Cerium. Licensed under the Apache License 2.0.
// Executors of master "local-cluster[executors,cores,memory]": processes of this machine that the driver starts itself.
#pragma once

#include "driver/provider/executor_provider.h"

namespace cerium {

struct LocalClusterOptions {
  std::string application;
  int executors = 1;
  int cores = 1;
  std::string log_dir;  ///< As LogFolder takes it.
};

/// Throws IoError where the logs' folder cannot be made.
std::unique_ptr<ExecutorProvider> makeLocalClusterProvider(LocalClusterOptions options);

}  // namespace cerium
