// Cerium. Licensed under the Apache License 2.0.
// The subcommands of `cerium`, one file each. A function here adds its subcommand to the app; when that is called for,
// it runs while the command line is parsed, and leaves the exit status. Errors are thrown: main() says what and how.
#pragma once

namespace CLI {
class App;
}

namespace cerium::cli {

void addConfigCommand(CLI::App& app);
void addManagerCommand(CLI::App& app, int& exit_status);
void addHealthcheckCommand(CLI::App& app, int& exit_status);
void addWorkerCommand(CLI::App& app, int& exit_status);
void addSubmitCommand(CLI::App& app, int& exit_status);

}  // namespace cerium::cli
