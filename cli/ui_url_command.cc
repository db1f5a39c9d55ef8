// Cerium. Licensed under the Apache License 2.0.
// `cerium ui-url`: prints the address of a manager's or worker's web pages with the token that logs in, for those who
// have the cluster's secret.
#include <fmt/format.h>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <memory>
#include <string>

#include "base/config/config.h"
#include "base/util/error.h"
#include "cli/commands.h"
#include "cli/manager_client.h"
#include "web-ui/http/web_port.h"

namespace cerium::cli {
namespace {

struct Flags {
  std::string url;
  std::string pages;
  std::string secret_file;
};

int run(const Flags& flags) {
  const ManagerAddresses managers = managerAddresses(flags.url, Conf(), flags.secret_file, false);
  const rpc::ClusterSecret secret = rpc::findClusterSecret(managers.secret, managers.endpoints);
  if (secret.value.empty()) {
    throw InvalidArgument(
        "a cluster without a secret has no common token: each process logs the link to its own pages when it starts");
  }
  std::string root = flags.pages.substr(0, flags.pages.find_last_not_of('/') + 1);
  if (root.empty()) {
    const std::string& host = managers.endpoints.at(0).host;
    const bool is_v6 = host.find(':') != std::string::npos;
    root = fmt::format(fmt::runtime(is_v6 ? "http://[{}]:8080" : "http://{}:8080"), host);
  }
  fmt::print("{}/?token={}\n", root, http::clusterToken(secret.value));
  return 0;
}

}  // namespace

void addUiUrlCommand(CLI::App& app, int& exit_status) {
  auto* command = app.add_subcommand("ui-url", "print a link that logs in to the web pages of a manager or worker");
  auto flags = std::make_shared<Flags>();
  command->add_option("url", flags->url, "the manager's URL: cerium://host:7077")->required();
  command->add_option("--pages", flags->pages, "the address of the pages; the manager's: http://host:8080");
  command->add_option("--secret-file", flags->secret_file, "the file (mode 0600) with the cluster's secret");
  command->callback([flags, &exit_status] { exit_status = run(*flags); });
}

}  // namespace cerium::cli
