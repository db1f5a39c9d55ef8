// Cerium. Licensed under the Apache License 2.0.
// `cerium healthcheck`: tests whether a manager or worker answers, for container engines and scripts.
#include <fmt/format.h>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <memory>
#include <string>

#include "base/util/error.h"
#include "base/util/printable.h"
#include "cli/commands.h"
#include "web-ui/http/client.h"

namespace cerium::cli {

void addHealthcheckCommand(CLI::App& app, int& exit_status) {
  auto* command = app.add_subcommand("healthcheck", "exit with 0 if a manager or worker answers on its web port");
  auto url = std::make_shared<std::string>("http://127.0.0.1:8080");
  command->add_option("--url", *url, "the web port; a worker's is 8081")->capture_default_str();
  command->callback([url, &exit_status] {
    const std::string page = url->substr(0, url->find_last_not_of('/') + 1) + "/healthz";
    const auto answer = http::httpGet(page);
    fmt::print("{}", printable(answer.body));
    if (answer.status != 200) throw Error(fmt::format("{} answers with status {}", page, answer.status));
    exit_status = 0;
  });
}

}  // namespace cerium::cli
