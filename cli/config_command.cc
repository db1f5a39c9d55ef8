// Cerium. Licensed under the Apache License 2.0.
// `cerium config`: prints every setting, as the page docs/configuration.md.
#include <fmt/format.h>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <algorithm>
#include <iostream>
#include <string>

#include "base/config/config_keys.h"
#include "cli/commands.h"

namespace cerium::cli {
namespace {

constexpr const char* kHead = R"(# Settings

`cerium config` prints this page. Where a setting is given in several places the first of these holds:

1. the program's own `Conf`;
2. the command line of `cerium submit`: `--conf KEY=VALUE`;
3. the environment, under the name in the last column;
4. the file of `cerium submit --properties-file`, or else `cerium-defaults.conf` in `$CERIUM_CONF_DIR`, or else in
   `$CERIUM_HOME/conf`: lines of `KEY VALUE`;
5. the default.

A key that begins with `cerium.` or `spark.` and that Cerium does not know is refused, and the error names the nearest
one that it knows. Sizes are written as `64m`, durations as `500ms`, `10s` or `2min`; without a suffix they have the unit
in the third column.

| setting | default | type | meaning | environment |
|---|---|---|---|---|
)";

std::string typeOf(const ConfigKey& key) {
  switch (key.type) {
    case ConfigType::kString:
    case ConfigType::kMaster:
      return "text";
    case ConfigType::kInt:
    case ConfigType::kDouble:
      return "number";
    case ConfigType::kBool:
      return "`true`, `false`";
    case ConfigType::kSize:
      return key.unit == 1 ? "size" : fmt::format("size, {}", key.unit >= 1 << 20 ? "MiB" : "KiB");
    case ConfigType::kDuration:
      return fmt::format("duration, {}", key.unit == 1 ? "ms" : "s");
    case ConfigType::kEnum: {
      std::string choices = "`" + std::string(key.choices) + "`";
      for (size_t at = 0; (at = choices.find('|', at)) != choices.npos; at += 4) choices.replace(at, 1, "`, `");
      return choices;
    }
  }
  return {};
}

void printPage() {
  std::cout << kHead;
  for (const ConfigKey& key : configKeys()) {
    const std::string value = key.default_value.empty() ? "" : fmt::format("`{}`", key.default_value);
    std::cout << fmt::format("| `{}` | {} | {} | {} | `{}` |\n", key.name, value, typeOf(key), key.doc,
                             environmentName(key.name));
  }
  std::cout << "| `cerium.executorEnv.NAME` |  | text | The environment variable NAME of the executors. |  |\n";
}

}  // namespace

void addConfigCommand(CLI::App& app) {
  app.add_subcommand("config", "print every setting with its default and meaning")->callback(printPage);
}

}  // namespace cerium::cli
