// Cerium. Licensed under the Apache License 2.0.
// The subcommands of `cerium`, one file each. Each function adds its subcommand to the app. The subcommand runs while
// the command line is parsed and sets the exit status. It throws errors; main() prints them.
#pragma once

namespace CLI {
class App;
}

namespace cerium::cli {

void addConfigCommand(CLI::App& app);
void addManagerCommand(CLI::App& app, int& exit_status);
void addHealthcheckCommand(CLI::App& app, int& exit_status);
void addWorkerCommand(CLI::App& app, int& exit_status);
void addHistoryCommand(CLI::App& app, int& exit_status);
void addReportCommand(CLI::App& app, int& exit_status);
void addReplayCommand(CLI::App& app, int& exit_status);
void addSubmitCommand(CLI::App& app, int& exit_status);
void addUiUrlCommand(CLI::App& app, int& exit_status);

}  // namespace cerium::cli
