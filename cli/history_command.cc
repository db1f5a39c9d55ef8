// Cerium. Licensed under the Apache License 2.0.
// `cerium history`: serves the web pages of the applications whose event logs lie in a folder, in the foreground until
// SIGINT or SIGTERM.
#include <fmt/format.h>
#include <signal.h>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <cstdio>
#include <memory>
#include <string>

#include "base/config/config.h"
#include "base/config/config_values.h"
#include "base/util/log.h"
#include "base/util/user_folders.h"
#include "cli/commands.h"
#include "cli/signals.h"
#include "driver/context.h"
#include "web-ui/api/cerium_api.h"
#include "web-ui/api/spark_api.h"
#include "web-ui/history/log_folder.h"
#include "web-ui/http/web_port.h"
#include "web-ui/pages/web_pages.h"

namespace cerium::cli {
namespace {

struct Flags {
  std::string folder;
  std::string host = "127.0.0.1";
  uint16_t port = 18080;
};

int run(const Flags& flags) {
  SignalQueue signals{SIGINT, SIGTERM};
  const Conf conf;
  log::setRole("history");
  log::setLevel(conf.getString("cerium.logLevel"));
  std::string folder = flags.folder.empty() ? conf.getString("cerium.eventLog.dir") : flags.folder;
  if (folder.empty()) folder = stateFolder() + "/events";
  http::Router router;
  const auto logs = std::make_shared<history::LogFolder>(folder);
  api::addSparkApi(router, logs);
  api::addCeriumApi(router, logs);
  const http::WebPort port({.server = {.host = flags.host, .port = flags.port, .tries = 1, .setting = "--port"},
                            .pages = "history",
                            .version = Context::version(),
                            .allowed_hosts = parseList(conf.getString("cerium.ui.allowedHosts")),
                            .files = http::webPages()},
                           std::move(router));
  fmt::print("The applications of {} are shown at {}\n", folder, port.link());
  std::fflush(stdout);
  (void)signals.next();
  return 0;
}

}  // namespace

void addHistoryCommand(CLI::App& app, int& exit_status) {
  auto flags = std::make_shared<Flags>();
  CLI::App* command = app.add_subcommand("history", "show the applications whose event logs lie in a folder");
  command->add_option("folder", flags->folder,
                      "the folder of event logs, of Cerium or of Spark; default: cerium.eventLog.dir");
  command->add_option("--host", flags->host, "the address to listen at")->capture_default_str();
  command->add_option("--port", flags->port, "the port of the pages; 0 is any that is free")->capture_default_str();
  command->callback([flags, &exit_status] { exit_status = run(*flags); });
}

}  // namespace cerium::cli
