// Cerium. Licensed under the Apache License 2.0.
#include "base/config/config_sources.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <optional>
#include <span>
#include <string_view>

#include "base/config/config_keys.h"
#include "base/config/config_values.h"
#include "base/util/environment.h"
#include "base/util/error.h"
#include "base/util/nearest.h"

namespace cerium {
namespace {

/// The value of an environment variable. An empty variable counts as not set, because compose files and scripts pass it
/// so.
std::optional<std::string> variable(const char* name) {
  const char* value = std::getenv(name);
  if (value == nullptr || *value == '\0') return std::nullopt;
  return value;
}

std::string defaultsFile() {
  constexpr std::string_view kName = "/cerium-defaults.conf";
  if (const auto folder = variable("CERIUM_CONF_DIR")) return *folder + std::string(kName);
  if (const auto home = variable("CERIUM_HOME")) return *home + "/conf" + std::string(kName);
  return "";
}

/// "key value", "key=value" or "key: value", as in Java's properties, which Spark's users write.
void addLine(std::string_view line, std::string origin, std::vector<ConfSetting>& settings) {
  line = trimmed(line);
  if (line.empty() || line.starts_with('#')) return;
  const std::string_view key = line.substr(0, line.find_first_of("=: \t"));
  if (key.empty()) throw InvalidArgument(fmt::format("{}: \"{}\" has no key; write key=value", origin, line));
  std::string_view value = trimmed(line.substr(key.size()));
  if (value.starts_with('=') || value.starts_with(':')) value = trimmed(value.substr(1));
  settings.push_back({std::string(key), std::string(value), std::move(origin)});
}

void addFile(const std::string& path, bool must_exist, std::vector<ConfSetting>& settings) {
  std::ifstream in(path);
  if (!in && errno == ENOENT && !must_exist) return;
  int number = 0;
  for (std::string line; std::getline(in, line);) addLine(line, fmt::format("{}:{}", path, ++number), settings);
  if (!in.eof()) throw IoError(fmt::format("cannot read settings from {}: {}", path, std::strerror(errno)));
}

/// Throws if `name` resembles the variable of a setting. Other unknown CERIUM_ variables (such as a compose file's
/// CERIUM_IMAGE) are ignored.
void refuseMisspelt(std::string_view name, std::span<const std::string> known) {
  constexpr size_t kSlip = 2;  // how many letters a misspelt name may differ by
  if (std::find(known.begin(), known.end(), name) != known.end()) return;
  for (const std::string& setting : known) {
    if (editDistance(name, setting) <= kSlip)
      throw InvalidArgument(
          fmt::format("the environment variable {} names no setting; did you mean {}?", name, setting));
  }
}

void addEnvironment(std::vector<ConfSetting>& settings) {
  std::vector<std::string> known;
  for (const ConfigKey& key : configKeys()) {
    known.push_back(environmentName(key.name));
    if (auto value = variable(known.back().c_str())) {
      settings.push_back({std::string(key.name), std::move(*value), "environment variable " + known.back()});
    }
  }
  for (const auto& [name, value] : ownEnvironment()) {
    if (name.starts_with("CERIUM_")) refuseMisspelt(name, known);
  }
}

void addSubmitFlags(std::vector<ConfSetting>& settings) {
  const std::string flags = variable("CERIUM_SUBMIT_CONF").value_or("");
  for (std::string_view rest = flags; !rest.empty();) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    addLine(line, "submit flags", settings);
    rest.remove_prefix(std::min(rest.size(), line.size() + 1));
  }
}

}  // namespace

std::vector<ConfSetting> readConfigSources() {
  std::vector<ConfSetting> settings;
  if (const auto given = variable("CERIUM_PROPERTIES_FILE")) {  // set by `cerium submit --properties-file`
    addFile(*given, true, settings);
  } else if (const std::string path = defaultsFile(); !path.empty()) {
    addFile(path, false, settings);
  }
  addEnvironment(settings);
  addSubmitFlags(settings);
  return settings;
}

}  // namespace cerium
