// Cerium. Licensed under the Apache License 2.0.
// The command-line tool `cerium`: one subcommand a job; each prints to stdout, and complains on stderr with status 2.
#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <iostream>

#include "driver/context.h"

namespace {

constexpr int kUsageError = 2;

std::string versionLine() { return "cerium " + cerium::Context::version(); }

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Cerium: Spark's RDD engine as native C++20.", "cerium");
  app.set_version_flag("--version", versionLine);
  app.require_subcommand(0, 1);
  app.add_subcommand("version", "print the version")->callback([] { std::cout << versionLine() << '\n'; });
  CLI::App* help = app.add_subcommand("help", "print this text");
  const std::string usage = app.help();
  help->callback([&] { std::cout << usage; });
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : kUsageError;
  }
  if (!app.get_subcommands().empty()) return 0;
  std::cerr << usage;
  return kUsageError;
}
