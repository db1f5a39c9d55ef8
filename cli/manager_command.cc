// Cerium. Licensed under the Apache License 2.0.
// `cerium manager`: runs a manager in the foreground until SIGINT or SIGTERM.
#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <cstdio>
#include <memory>
#include <string>

#include "base/config/config.h"
#include "base/config/config_values.h"
#include "base/rpc/secrets.h"
#include "base/util/error.h"
#include "base/util/log.h"
#include "base/util/user_folders.h"
#include "cli/commands.h"
#include "cluster-manager/manager/manager.h"
#include "driver/context.h"

namespace cerium::cli {
namespace {

using cluster_manager::Manager;
using cluster_manager::ManagerOptions;

struct Flags {
  std::string host = "127.0.0.1";
  uint16_t port = 7077;
  uint16_t web_port = 8080;
  std::string recovery_dir;
  bool standby = false;
  bool consolidate = false;
  std::string secret_file;
  bool insecure = false;
};

std::string defaultRecoveryDir(const Flags& flags) {
  if (flags.standby) throw InvalidArgument("--standby needs --recovery-dir: the folder of the manager in charge");
  return fmt::format("{}/manager-{}-{}", stateFolder(), flags.host, flags.port);
}

/// The signals that end a manager. They are blocked in all threads, because one thread waits for them.
sigset_t blockEndSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  return signals;
}

int run(const Flags& flags) {
  const Conf conf;
  ::signal(SIGPIPE, SIG_IGN);  // the manager must not end with the reader of its log
  log::setRole("manager");
  log::setLevel(conf.getString("cerium.logLevel"));
  ManagerOptions options;
  options.listen = {flags.host, flags.port};
  options.web_port = flags.web_port;
  options.recovery_dir = flags.recovery_dir.empty() ? defaultRecoveryDir(flags) : flags.recovery_dir;
  options.standby = flags.standby;
  options.spread_out = !flags.consolidate;
  options.version = Context::version();
  options.web_names = parseList(conf.getString("cerium.ui.allowedHosts"));
  const rpc::ClusterSecret secret = rpc::managerSecret(
      {.secret_file = flags.secret_file.empty() ? conf.getString("cerium.authenticate.secretFile") : flags.secret_file,
       .authenticate = !flags.insecure && conf.getBool("cerium.authenticate"),
       .host = flags.host,
       .port = flags.port},
      options.recovery_dir);
  options.secret = secret.value;
  if (secret.value.empty()) {
    log::warn("without a secret, anyone who reaches {} can run programs on all workers", flags.host);
  } else {
    log::info("the cluster's secret comes from {}", secret.origin);
  }

  const sigset_t signals = blockEndSignals();
  std::string failure;  // written before the signal is sent, read after it
  options.on_failure = [&](const std::string& reason) {
    failure = reason;
    ::kill(::getpid(), SIGTERM);
  };
  const Manager manager(options);
  if (secret.is_made) rpc::publishSecret(secret.value, manager.endpoint().port);
  const std::string url = cluster_manager::managerUrl(manager.endpoint());
  const std::string host = url.substr(9, url.rfind(':') - 9);
  const std::string line = fmt::format("{} at {}; start workers with: cerium worker {}  (web: http://{}:{})\n",
                                       flags.standby && !manager.isInCharge() ? "standby manager" : "manager", url, url,
                                       host, manager.webPort());
  std::fputs(line.c_str(), stderr);  // unlike fmt::print it does not throw if the reader is gone
  log::info("the web pages of the cluster are at {}", manager.webLink());
  int signal = 0;
  sigwait(&signals, &signal);
  if (!failure.empty()) throw Error("the manager cannot go on: " + failure);
  log::info("the manager ends; workers and drivers wait for another one");
  return 0;
}

}  // namespace

void addManagerCommand(CLI::App& app, int& exit_status) {
  auto* command = app.add_subcommand("manager", "run the manager of a cluster, in the foreground");
  auto flags = std::make_shared<Flags>();
  command->add_option("--host", flags->host, "the address to listen on")->capture_default_str();
  command->add_option("--port", flags->port, "for workers, drivers and submitters; 0 is any")
      ->capture_default_str()
      ->check(CLI::Range(0, 65535));
  command->add_option("--webui-port", flags->web_port, "for browsers and health checks; 0 is any")
      ->capture_default_str()
      ->check(CLI::Range(0, 65535));
  command->add_option("--recovery-dir", flags->recovery_dir,
                      "the folder for the journal; shared by a manager and its standbys");
  command->add_flag("--standby", flags->standby, "wait until the manager in charge of the recovery folder has ended");
  command->add_flag("--consolidate", flags->consolidate, "use as few workers as possible for an application");
  command->add_option("--secret-file", flags->secret_file, "the file (mode 0600) with the cluster's secret");
  command->add_flag("--insecure", flags->insecure, "accept everyone who reaches the port");
  command->callback([flags, &exit_status] { exit_status = run(*flags); });
}

}  // namespace cerium::cli
