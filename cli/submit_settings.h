// Cerium. Licensed under the Apache License 2.0.
// The flags of `cerium submit`, as settings of the program and as environment variables.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/config/config.h"

namespace cerium::cli {

struct SubmitFlags {
  std::string master;
  std::string deploy_mode;
  std::string name;
  std::vector<std::string> conf;  ///< "key=value"
  std::string properties_file;
  std::string executor_cores;
  std::string executor_memory;
  std::string total_executor_cores;
  std::string num_executors;
  std::string driver_memory;
  std::string driver_cores;
  std::string files;  ///< Separated by commas.
  bool supervise = false;
  std::string kill;
  std::string status;
  bool verbose = false;
  std::vector<std::string> command;  ///< The program and its arguments.
};

/// A setting and the flag that gave it, in the order in which settings apply.
struct FlagSetting {
  std::string key;
  std::string value;
  std::string flag;  ///< "--executor-memory", "--conf".
};

/// Throws InvalidArgument for a setting that a flag must not contain: a secret, a line break, a --conf without "=".
[[nodiscard]] std::vector<FlagSetting> settingsOf(const SubmitFlags& flags);

/// Throws InvalidArgument if two different files have the same name, because tasks ask for a file by name.
void checkFileNames(const std::vector<std::string>& paths);

/// The environment variables from which the program's Conf reads the flags; see base/config/config_sources.h.
[[nodiscard]] std::map<std::string, std::string> environmentOf(const SubmitFlags& flags);

/// The environment of a driver in the cluster: all settings except the ones that concern this machine.
[[nodiscard]] std::map<std::string, std::string> clusterEnvironment(const Conf& conf);

/// Every setting, one a line, with its value and origin.
[[nodiscard]] std::string describeSettings(const Conf& conf, const SubmitFlags& flags);

}  // namespace cerium::cli
