// Cerium. Licensed under the Apache License 2.0.
// What the flags of `cerium submit` mean: settings for the program, and what is done with it.
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

/// A setting and the flag that it comes from, in the order in which they are to be set.
struct FlagSetting {
  std::string key;
  std::string value;
  std::string flag;  ///< "--executor-memory", "--conf".
};

/// Throws InvalidArgument for what no flag can carry: a secret, a line break, a --conf without "=".
[[nodiscard]] std::vector<FlagSetting> settingsOf(const SubmitFlags& flags);

/// Tasks ask for a file by its name: throws InvalidArgument for two of one name in different places.
void checkFileNames(const std::vector<std::string>& paths);

/// The environment variables from which a program's Conf reads these; see base/config/config_sources.h.
[[nodiscard]] std::map<std::string, std::string> environmentOf(const SubmitFlags& flags);

/// What a driver in the cluster has in its environment: all settings but those that belong to this machine.
[[nodiscard]] std::map<std::string, std::string> clusterEnvironment(const Conf& conf);

/// Every setting, one a line, with its value and where that comes from.
[[nodiscard]] std::string describeSettings(const Conf& conf, const SubmitFlags& flags);

}  // namespace cerium::cli
