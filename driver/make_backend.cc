// Cerium. Licensed under the Apache License 2.0.
// From the master URL and the settings to the backend that runs tasks.
#include <unistd.h>

#include <algorithm>
#include <cstdlib>

#include "base/config/config_values.h"
#include "base/config/master_url.h"
#include "base/util/machine_limits.h"
#include "driver/backend/local_backend.h"
#include "driver/backend/remote_backend.h"
#include "driver/engine.h"
#include "driver/provider/local_cluster_provider.h"
#include "driver/provider/standalone_provider.h"

namespace cerium {
namespace {

/// cerium.local.dir (several separated by commas), else TMPDIR, else /tmp.
std::vector<std::string> localDirs(const Conf& conf) {
  auto dirs = parseList(conf.getString("cerium.local.dir"));
  if (!dirs.empty()) return dirs;
  const char* fallback = std::getenv("TMPDIR");
  return {fallback != nullptr && *fallback != '\0' ? fallback : "/tmp"};
}

size_t share(const Conf& conf, size_t bytes) {
  return static_cast<size_t>(static_cast<double>(bytes) * conf.getDouble("cerium.memory.fraction"));
}

/// Of an executor of `memory` bytes.
size_t processLimit(const Conf& conf, size_t memory) {
  constexpr size_t kLeastOverhead = size_t{64} << 20;
  const auto overhead = static_cast<size_t>(conf.getSize("cerium.executor.memoryOverhead"));
  return memory + (overhead > 0 ? overhead : memory / 4 + kLeastOverhead);
}

std::unique_ptr<ExecutorProvider> standaloneProvider(const Conf& conf, const MasterUrl& url, const std::string& id) {
  StandaloneOptions options;
  options.application = id;
  options.name = conf.getString("cerium.app.name");
  for (const auto& manager : url.endpoints) options.managers.push_back({manager.host, manager.port});
  options.secret.secret_file = conf.getString("cerium.authenticate.secretFile");
  options.secret.authenticate = conf.getBool("cerium.authenticate");
  options.host = conf.getString("cerium.driver.host");
  options.port = static_cast<uint16_t>(conf.getInt("cerium.driver.port"));
  options.cores_max = static_cast<int>(conf.getInt("cerium.cores.max"));
  options.executor_cores = static_cast<int>(conf.getInt("cerium.executor.cores"));
  options.executor_memory = static_cast<uint64_t>(conf.getSize("cerium.executor.memory"));
  if (options.cores_max > 0 && options.executor_cores > options.cores_max) {
    throw InvalidArgument("cerium.executor.cores=" + std::to_string(options.executor_cores) +
                          " is more than cerium.cores.max=" + std::to_string(options.cores_max) +
                          ", so no executor can ever be had; lower the first or raise the second");
  }
  const auto instances = static_cast<int>(conf.getInt("cerium.executor.instances"));
  options.executors = instances > 0 ? instances : -1;
  if (conf.getBool("cerium.dynamicAllocation.enabled"))
    options.executors = static_cast<int>(conf.getInt("cerium.dynamicAllocation.minExecutors"));
  constexpr std::string_view kEnvironment = "cerium.executorEnv.";
  for (const auto& [key, value] : conf.getAll()) {
    if (key.starts_with(kEnvironment)) options.executor_environment[key.substr(kEnvironment.size())] = value;
  }
  return makeStandaloneProvider(std::move(options));
}

}  // namespace

std::unique_ptr<ClusterBackend> makeBackend(const Conf& conf, const std::string& application_id, ContextId context) {
  const MasterUrl url = parseMasterUrl(conf.getString("cerium.master"));
  if (url.kind == MasterUrl::Kind::kLocal) {
    const MachineLimits machine;
    const int threads = url.threads > 0 ? url.threads : machine.cores();
    LocalOptions options;
    options.threads = threads;
    options.max_failures = url.max_failures;
    options.memory_bytes = share(conf, machine.memory());
    options.local_dirs = localDirs(conf);
    options.barrier_ms = conf.getDuration("cerium.barrier.timeout").count();
    options.kill_timeout = std::chrono::milliseconds(conf.getDuration("cerium.task.reaper.killTimeout").count());
    options.context = context;
    options.measures_results = conf.getSize("cerium.driver.maxResultSize") > 0;
    return makeLocalBackend(std::move(options));
  }
  const bool standalone = url.kind == MasterUrl::Kind::kStandalone;
  RemoteOptions options;
  options.application = application_id;
  options.context = context;
  const auto memory = static_cast<size_t>(standalone ? conf.getSize("cerium.executor.memory") : url.memory_bytes);
  options.memory_bytes = share(conf, memory);
  options.process_limit = processLimit(conf, memory);
  options.local_dirs = localDirs(conf);
  options.heartbeat_ms = static_cast<int>(conf.getDuration("cerium.executor.heartbeatInterval").count());
  options.barrier_ms = conf.getDuration("cerium.barrier.timeout").count();
  options.kill_timeout_ms = conf.getDuration("cerium.task.reaper.killTimeout").count();
  options.dead_after_ms = conf.getDuration("cerium.network.timeout").count();
  options.reads_ahead = conf.getBool("cerium.shuffle.adaptive");
  options.broadcast_chunk = static_cast<uint64_t>(conf.getSize("cerium.broadcast.blockSize"));
  if (standalone) return makeRemoteBackend(std::move(options), standaloneProvider(conf, url, application_id));
  return makeRemoteBackend(std::move(options), makeLocalClusterProvider({application_id, url.executors, url.cores,
                                                                         conf.getString("cerium.log.dir")}));
}

}  // namespace cerium
