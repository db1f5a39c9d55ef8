// Cerium. Licensed under the Apache License 2.0.
// `cerium submit`: runs a program with settings, here or in the cluster.
#include <fmt/format.h>
#include <unistd.h>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>

#include "base/config/config.h"
#include "base/util/error.h"
#include "cli/commands.h"
#include "cli/submit_run.h"
#include "cli/submit_settings.h"

namespace cerium::cli {
namespace {

void checkProgram(const std::vector<std::string>& command) {
  if (command.empty()) throw InvalidArgument("no program is given; write: cerium submit [flags] PROGRAM [arguments]");
  const std::string& program = command.front();
  if (program.starts_with('-'))
    throw InvalidArgument(fmt::format("{} is not a flag of cerium submit; see --help", program));
  std::error_code error;
  if (!std::filesystem::is_regular_file(program, error))
    throw InvalidArgument(fmt::format("there is no program {}; name its file", program));
  if (::access(program.c_str(), X_OK) != 0)
    throw InvalidArgument(fmt::format("{} is not executable; run: chmod +x {}", program, program));
}

int run(SubmitFlags flags) {
  const bool asks = !flags.kill.empty() || !flags.status.empty();
  if (!asks) checkProgram(flags.command);
  const auto variables = environmentOf(flags);
  // The program's Conf reads these variables, and so does the one here: a wrong setting is found before anything runs.
  for (const auto& [name, value] : variables) ::setenv(name.c_str(), value.c_str(), 1);
  const Conf conf;
  if (flags.verbose) fmt::print(stderr, "{}", describeSettings(conf, flags));
  const std::string master = conf.getString("cerium.master");
  const auto managers = [&] { return managerAddresses(master, conf, "", false); };
  if (!flags.kill.empty()) return askAboutDriver(managers(), protocol::KillDriver{flags.kill});
  if (!flags.status.empty()) return askAboutDriver(managers(), protocol::AskDriver{flags.status});

  const bool in_cluster = conf.getString("cerium.submit.deployMode") == "cluster";
  if (flags.supervise && !in_cluster)
    throw InvalidArgument("--supervise needs --deploy-mode cluster: a program that runs here is not watched");
  if (flags.command.front().find('/') == std::string::npos) flags.command.front().insert(0, "./");
  SignalQueue signals = submitSignals();
  return in_cluster ? runInCluster(signals, flags, conf, managers()) : runHere(signals, flags.command, variables);
}

}  // namespace

void addSubmitCommand(CLI::App& app, int& exit_status) {
  auto* command = app.add_subcommand("submit", "run a program with these settings, here or in the cluster");
  auto flags = std::make_shared<SubmitFlags>();
  command->add_option("--master", flags->master, "local[N], local-cluster[N,cores,memory] or cerium://host:port");
  command->add_option("--deploy-mode", flags->deploy_mode, "client: the driver runs here; cluster: on a worker");
  command->add_option("--name", flags->name, "the application's name");
  command->add_option("--conf", flags->conf, "a setting, key=value; may be given again")
      ->take_all()
      ->allow_extra_args(false);
  command->add_option("--properties-file", flags->properties_file, "settings, instead of cerium-defaults.conf");
  command->add_option("--executor-cores", flags->executor_cores, "the cores of each executor");
  command->add_option("--executor-memory", flags->executor_memory, "the memory of each executor, as in 2g");
  command->add_option("--total-executor-cores", flags->total_executor_cores, "the cores of all executors together");
  command->add_option("--num-executors", flags->num_executors, "the number of executors");
  command->add_option("--driver-memory", flags->driver_memory, "the memory of the driver");
  command->add_option("--driver-cores", flags->driver_cores, "the cores of a driver in the cluster");
  command->add_option("--files", flags->files, "files for every executor, separated by commas");
  command->add_flag("--supervise", flags->supervise,
                    "restart a driver in the cluster that fails; on workers that do not have its program, "
                    "only while this command runs");
  command->add_option("--kill", flags->kill, "end this driver of the cluster");
  command->add_option("--status", flags->status, "print the state of this driver of the cluster");
  command->add_flag("--verbose", flags->verbose, "print every setting and its origin");
  command->footer("Behind the flags: PROGRAM [arguments...]");
  command->prefix_command();
  command->callback([command, flags, &exit_status] {
    flags->command = command->remaining();
    exit_status = run(*flags);
  });
}

}  // namespace cerium::cli
