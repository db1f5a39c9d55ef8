// Cerium. Licensed under the Apache License 2.0.
#include "cli/submit_settings.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <set>

#include "base/config/config_keys.h"
#include "base/config/config_values.h"
#include "base/util/error.h"

namespace cerium::cli {
namespace {

constexpr const char* kFlagsVariable = "CERIUM_SUBMIT_CONF";
constexpr const char* kFileVariable = "CERIUM_PROPERTIES_FILE";
constexpr std::string_view kSubmitFlags = "submit flags";

void checkNoSecret(const std::string& key, const std::string& flag) {
  if (key != "cerium.authenticate.secret") return;
  throw InvalidArgument(
      fmt::format("{} {}: a secret on a command line can be read by everyone on this machine; put it into a file "
                  "with mode 0600 and set cerium.authenticate.secretFile to that, or into the environment variable "
                  "CERIUM_AUTHENTICATE_SECRET",
                  flag, key));
}

/// Absolute paths, so that they do not depend on the program's working directory.
std::string absoluteFiles(const std::string& list) {
  std::string result;
  checkFileNames(parseList(list));
  for (const auto& name : parseList(list)) {
    const auto path = std::filesystem::absolute(name);
    if (!std::filesystem::exists(path)) throw InvalidArgument(fmt::format("--files: there is no {}", path.string()));
    result += (result.empty() ? "" : ",") + path.lexically_normal().string();
  }
  return result;
}

/// Whether a setting concerns this machine or the submission itself, so that a driver in the cluster does not get it.
bool staysHere(const std::string& key) {
  static const std::set<std::string> kHere = {
      "cerium.master",       "cerium.submit.deployMode",       "cerium.driver.host",
      "cerium.authenticate", "cerium.authenticate.secretFile", "cerium.files"};
  return kHere.contains(key);
}

}  // namespace

void checkFileNames(const std::vector<std::string>& paths) {
  std::map<std::string, std::filesystem::path> by_name;
  for (const auto& each : paths) {
    const auto path = std::filesystem::weakly_canonical(each);
    const auto [other, is_new] = by_name.emplace(path.filename().string(), path);
    if (!is_new && other->second != path)
      throw InvalidArgument(
          fmt::format("--files: {} and {} have the same name, and tasks ask for a file by name; rename one",
                      other->second.string(), path.string()));
  }
}

std::vector<FlagSetting> settingsOf(const SubmitFlags& flags) {
  std::vector<FlagSetting> settings;
  for (const auto& each : flags.conf) {
    const size_t equals = each.find('=');
    if (equals == each.npos || equals == 0)
      throw InvalidArgument(fmt::format("--conf {}: write it as --conf key=value", each));
    settings.push_back({std::string(trimmed(each.substr(0, equals))), each.substr(equals + 1), "--conf"});
  }
  // After --conf: a specific flag overrides --conf, as in Spark.
  const auto add = [&](const std::string& value, const char* key, const char* flag) {
    if (!value.empty()) settings.push_back({key, value, flag});
  };
  add(flags.master, "cerium.master", "--master");
  add(flags.deploy_mode, "cerium.submit.deployMode", "--deploy-mode");
  add(flags.name, "cerium.app.name", "--name");
  add(flags.executor_cores, "cerium.executor.cores", "--executor-cores");
  add(flags.executor_memory, "cerium.executor.memory", "--executor-memory");
  add(flags.total_executor_cores, "cerium.cores.max", "--total-executor-cores");
  add(flags.num_executors, "cerium.executor.instances", "--num-executors");
  add(flags.driver_memory, "cerium.driver.memory", "--driver-memory");
  add(flags.driver_cores, "cerium.driver.cores", "--driver-cores");
  add(absoluteFiles(flags.files), "cerium.files", "--files");
  for (const auto& each : settings) {
    checkNoSecret(each.key, each.flag);
    if ((each.key + each.value).find('\n') != std::string::npos)
      throw InvalidArgument(fmt::format("{} {}: a setting cannot have a line break", each.flag, each.key));
    try {
      (void)checkedConfigValue(findConfigKey(each.key), each.value);
    } catch (const InvalidArgument& e) {
      throw InvalidArgument(fmt::format("{}: {}", each.flag, e.what()));
    }
  }
  return settings;
}

std::map<std::string, std::string> environmentOf(const SubmitFlags& flags) {
  std::map<std::string, std::string> variables;
  std::string& lines = variables[kFlagsVariable];
  for (const auto& each : settingsOf(flags)) lines += each.key + "=" + each.value + "\n";
  if (!flags.properties_file.empty())
    variables[kFileVariable] = std::filesystem::absolute(flags.properties_file).string();
  return variables;
}

std::map<std::string, std::string> clusterEnvironment(const Conf& conf) {
  std::string lines;
  for (const auto& [key, value] : conf.getAll()) {
    if (!staysHere(key)) lines += key + "=" + value + "\n";
  }
  return {{kFlagsVariable, lines}};
}

std::string describeSettings(const Conf& conf, const SubmitFlags& flags) {
  std::map<std::string, std::string> origins;
  std::map<std::string, std::string> values;
  for (const ConfigKey& key : configKeys()) {
    values[std::string(key.name)] = std::string(key.default_value);
    origins[std::string(key.name)] = "default";
  }
  for (const ConfSetting& each : conf.settings()) {
    values[each.key] = each.value;
    origins[each.key] = each.origin;
  }
  for (const auto& each : settingsOf(flags)) {
    if (origins[each.key] == kSubmitFlags) origins[each.key] = each.flag;
  }
  size_t width = 0;
  for (const auto& [key, value] : values) width = std::max(width, key.size() + value.size());
  std::string text;
  for (const auto& [key, value] : values) {
    text +=
        fmt::format("{}={}{}  ({})\n", key, value, std::string(width - key.size() - value.size(), ' '), origins[key]);
  }
  return text;
}

}  // namespace cerium::cli
