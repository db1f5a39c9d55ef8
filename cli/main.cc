// Cerium. Licensed under the Apache License 2.0.
// The command-line tool `cerium`. Output goes to stdout, errors to stderr; the exit status is 2 for a wrong command
// line or setting and 1 for a later failure.
#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <iostream>

#include "base/protocol/executor_environment.h"
#include "base/util/environment.h"
#include "base/util/error.h"
#include "cli/commands.h"
#include "driver/context.h"

namespace {

constexpr int kFailure = 1;
constexpr int kUsageError = 2;

std::string versionLine() { return "cerium " + cerium::Context::version(); }

}  // namespace

int main(int argc, char** argv) {
  cerium::hideVariable(cerium::DriverEnvironment::kSecret);
  CLI::App app("Cerium: Spark's RDD engine as native C++20.", "cerium");
  app.set_version_flag("--version", versionLine);
  app.require_subcommand(0, 1);
  app.add_subcommand("version", "print the version")->callback([] { std::cout << versionLine() << '\n'; });
  CLI::App* help = app.add_subcommand("help", "print this text");
  int status = 0;
  cerium::cli::addConfigCommand(app);
  cerium::cli::addManagerCommand(app, status);
  cerium::cli::addHealthcheckCommand(app, status);
  cerium::cli::addWorkerCommand(app, status);
  cerium::cli::addSubmitCommand(app, status);
  cerium::cli::addUiUrlCommand(app, status);
  cerium::cli::addHistoryCommand(app, status);
  cerium::cli::addReportCommand(app, status);
  cerium::cli::addReplayCommand(app, status);
  const std::string usage = app.help();
  help->callback([&] { std::cout << usage; });
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : kUsageError;
  } catch (const cerium::InvalidArgument& error) {
    std::cerr << "cerium: " << error.what() << '\n';
    return kUsageError;
  } catch (const std::exception& error) {
    std::cerr << "cerium: " << error.what() << '\n';
    return kFailure;
  }
  if (!app.get_subcommands().empty()) return status;
  std::cerr << usage;
  return kUsageError;
}
