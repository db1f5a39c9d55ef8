// Cerium. Licensed under the Apache License 2.0.
// Executors of master "cerium://host:port": the manager allocates them, workers start them.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/rpc/secrets.h"
#include "driver/provider/executor_provider.h"

namespace cerium {

struct StandaloneOptions {
  std::string application;  ///< Its id.
  std::string name;
  std::vector<rpc::Endpoint> managers;
  rpc::SecretQuery secret;  ///< Host and port are filled in.
  std::string host;         ///< Under which executors reach this driver; empty: this machine's address on their side.
  uint16_t port = 0;
  int cores_max = 0;
  int executor_cores = 0;
  uint64_t executor_memory = 0;
  int executors = -1;
  std::map<std::string, std::string> executor_environment;
};

/// Throws IoError where no manager is there to say what the cluster's secret is, InvalidArgument for an unusable one.
std::unique_ptr<ExecutorProvider> makeStandaloneProvider(StandaloneOptions options);

}  // namespace cerium
