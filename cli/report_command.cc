// Cerium. Licensed under the Apache License 2.0.
// `cerium report`: an event log as one HTML file that needs no server.
#include <fmt/format.h>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <fstream>
#include <iostream>
#include <memory>
#include <string>

#include "base/util/error.h"
#include "cli/commands.h"
#include "web-ui/api/report.h"
#include "web-ui/api/rows.h"
#include "web-ui/diagnosis/diagnosis.h"
#include "web-ui/history/log_reader.h"

namespace cerium::cli {
namespace {

struct Flags {
  std::string log;
  std::string output;
};

std::string reportOf(const std::string& log) {
  auto store = std::make_shared<store::AppStore>();
  const auto summary = history::readLog(log, [&](const eventlog::LogEvent& event) { store->read(event); });
  const api::Shown shown{.store = store,
                         .completed = !history::isInProgress(log),
                         .last_updated = 0,
                         .notes = summary.notes,
                         .log = log,
                         .executor_logs = {}};
  return store->with([&](const store::Application& app) {
    if (app.id.empty()) throw Error(log + " holds no application");
    return api::reportHtml(app, shown, diagnosis::diagnose(app, api::viewTime(app, shown.completed)));
  });
}

void write(const Flags& flags) {
  const std::string html = reportOf(flags.log);
  if (flags.output.empty()) {
    std::cout << html;
    return;
  }
  std::ofstream file(flags.output, std::ios::binary);
  file << html;
  file.close();
  if (!file) throw IoError("cannot write " + flags.output);
  fmt::print("{}: {} bytes\n", flags.output, html.size());
}

}  // namespace

void addReportCommand(CLI::App& app, int& exit_status) {
  auto flags = std::make_shared<Flags>();
  CLI::App* command = app.add_subcommand("report", "write an event log as one HTML file");
  command->add_option("log", flags->log, "the event log, of Cerium or of Spark: a folder eventlog_v2_... or a file")
      ->required();
  command->add_option("-o,--output", flags->output, "the file to write; default: stdout");
  command->callback([flags, &exit_status] {
    write(*flags);
    exit_status = 0;
  });
}

}  // namespace cerium::cli
