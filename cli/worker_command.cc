// Cerium. Licensed under the Apache License 2.0.
// `cerium worker`: runs a worker in the foreground until it has left the cluster, or tells the workers of a host to
// leave.
#include <fmt/format.h>
#include <signal.h>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "base/config/config.h"
#include "base/config/config_values.h"
#include "base/config/master_url.h"
#include "base/rpc/local_address.h"
#include "base/util/error.h"
#include "base/util/log.h"
#include "base/util/user_folders.h"
#include "cli/commands.h"
#include "cli/manager_client.h"
#include "cli/signals.h"
#include "cluster-manager/worker/worker.h"
#include "driver/context.h"

namespace cerium::cli {
namespace {

using cluster_manager::WorkerDaemon;
using cluster_manager::WorkerOptions;

constexpr int64_t kLeastMemory = 64 << 20;

struct Flags {
  std::string url;
  int cores = 0;
  std::string memory;
  std::string work_dir;
  std::string host;
  uint16_t port = 0;
  uint16_t web_port = 8081;
  std::string secret_file;
  bool insecure = false;
  bool decommission = false;
};

std::string defaultWorkDir(uint16_t web_port) { return fmt::format("{}/worker-{}", stateFolder(), web_port); }

uint64_t memoryOf(const Flags& flags, const MachineLimits& limits) {
  constexpr int64_t kMiB = 1 << 20;
  if (flags.memory.empty()) return limits.memoryToOffer();
  const auto bytes = parseSize(flags.memory, kMiB);
  if (!bytes)
    throw InvalidArgument(
        fmt::format("--memory: \"{}\" is not a size; write a number with m or g, as in 8g", flags.memory));
  if (*bytes < kLeastMemory)
    throw InvalidArgument(fmt::format("--memory: {} is too little for any executor; offer 64m or more", flags.memory));
  return static_cast<uint64_t>(*bytes);
}

std::string shown(uint64_t bytes) {
  constexpr double kGiB = 1 << 30;
  return static_cast<double>(bytes) < kGiB ? fmt::format("{} MiB", bytes >> 20)
                                           : fmt::format("{:.1f} GiB", static_cast<double>(bytes) / kGiB);
}

/// The address on which the worker listens and which it reports.
std::string addressOf(const Flags& flags, const ManagerAddresses& managers) {
  if (rpc::isWildcard(flags.host)) {
    throw InvalidArgument(fmt::format(
        "--host: a worker cannot be reached under the address {}; name the one under which others reach this "
        "machine, or leave --host out to use the one from which this machine reaches its manager",
        flags.host));
  }
  return rpc::ownAddress(flags.host, managers.endpoints);
}

int runWorker(const Flags& flags, const Conf& conf, const ManagerAddresses& managers) {
  ::signal(SIGPIPE, SIG_IGN);  // the worker must not end with the reader of its log
  log::setRole("worker");
  log::setLevel(conf.getString("cerium.logLevel"));
  WorkerOptions options;
  options.managers = managers.endpoints;
  options.secret_file = managers.secret.secret_file;
  options.authenticate = managers.secret.authenticate;
  options.host = addressOf(flags, managers);
  options.port = flags.port;
  options.web_port = flags.web_port;
  options.cores = flags.cores > 0 ? flags.cores : options.limits.cores();
  options.memory = memoryOf(flags, options.limits);
  if (options.memory > options.limits.memory()) {
    log::warn(
        "--memory {} is more than the {} MiB that this machine or container has: executors that use it are killed",
        flags.memory, options.limits.memory() >> 20);
  }
  options.work_dir = flags.work_dir.empty() ? defaultWorkDir(flags.web_port) : flags.work_dir;
  options.or_next_work_dir = flags.work_dir.empty();
  options.version = Context::version();
  options.web_names = parseList(conf.getString("cerium.ui.allowedHosts"));

  SignalQueue signals({SIGINT, SIGTERM});
  WorkerDaemon worker(options, [] { SignalQueue::wake(); });
  const std::string line =
      fmt::format("worker {} offers {} cores and {} to {}  (web: http://{}:{}, folder: {})\n", worker.id(),
                  options.cores, shown(options.memory), flags.url, options.host, worker.webPort(), worker.workDir());
  std::fputs(line.c_str(), stderr);  // unlike fmt::print it does not throw if the reader is gone
  log::info("the web pages of the worker are at {}", worker.webLink());
  for (auto taken = signals.next(); taken.signal != 0; taken = signals.next()) worker.leave();
  return 0;
}

int decommission(const Flags& flags, const ManagerAddresses& managers) {
  const std::string host = flags.host.empty() ? rpc::addressTowards(managers.endpoints) : flags.host;
  ManagerClient client(managers, protocol::DecommissionWorkers{host});
  const auto answer = client.next(std::chrono::milliseconds(0));
  const auto* told = answer ? std::get_if<protocol::Decommissioning>(&*answer) : nullptr;
  if (told == nullptr) throw Error(fmt::format("the manager at {} sent an unexpected answer", client.manager().str()));
  if (told->workers.empty()) {
    throw InvalidArgument(
        fmt::format("no worker at {} is registered with {}; name its address with --host (the "
                    "manager's web page lists them)",
                    host, flags.url));
  }
  for (const auto& worker : told->workers)
    fmt::print("{} leaves when its executors and drivers have moved or ended\n", worker);
  return 0;
}

int run(const Flags& flags) {
  const Conf conf;
  const ManagerAddresses managers = managerAddresses(flags.url, conf, flags.secret_file, flags.insecure);
  return flags.decommission ? decommission(flags, managers) : runWorker(flags, conf, managers);
}

}  // namespace

void addWorkerCommand(CLI::App& app, int& exit_status) {
  auto* command = app.add_subcommand("worker", "run a worker of a cluster, in the foreground");
  auto flags = std::make_shared<Flags>();
  command->add_option("url", flags->url, "the manager's URL: cerium://host:7077[,host:port of a standby...]")
      ->required();
  command->add_option("--cores", flags->cores, "how many cores to offer; all that this machine or container has")
      ->check(CLI::Range(1, 100'000));
  command->add_option("--memory", flags->memory, "how much memory to offer, as in 8g; most of the machine's");
  command->add_option("--work-dir", flags->work_dir, "the folder for programs, logs and executors' data");
  command->add_option("--host", flags->host, "the address to listen on, under which others reach this machine");
  command->add_option("--port", flags->port, "the port to listen on; any free port")
      ->capture_default_str()
      ->check(CLI::Range(0, 65535));
  command->add_option("--webui-port", flags->web_port, "for browsers and health checks; 0 is any")
      ->capture_default_str()
      ->check(CLI::Range(0, 65535));
  command->add_option("--secret-file", flags->secret_file, "the file (mode 0600) with the cluster's secret");
  command->add_flag("--insecure", flags->insecure, "the manager runs without a secret");
  command->add_flag(
      "--decommission", flags->decommission,
      "tell the workers of this host (or --host) to leave when their executors and drivers have moved or ended");
  command->callback([flags, &exit_status] { exit_status = run(*flags); });
}

}  // namespace cerium::cli
