// Cerium. Licensed under the Apache License 2.0.
// Every setting that Cerium knows: its name, type, default and meaning. The table is in config_keys.cc; Conf checks
// against it, so a misspelt key or a malformed value fails where it is written.
#pragma once

#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <string_view>

namespace cerium {

enum class ConfigType { kString, kInt, kBool, kDouble, kSize, kDuration, kEnum, kMaster };

struct ConfigKey {
  std::string_view name;
  ConfigType type;
  std::string_view default_value;  ///< Empty: there is none.
  std::string_view doc;
  int64_t unit = 1;  ///< Of a size or duration without a suffix, in bytes or milliseconds.
  double min = 0;    ///< Of numbers, sizes (bytes) and durations (milliseconds).
  double max = std::numeric_limits<double>::infinity();
  std::string_view choices = {};  ///< Of an enum: "FIFO|FAIR".
};

/// All of them, sorted by name.
[[nodiscard]] std::span<const ConfigKey> configKeys();

/// One of them, that of cerium.executorEnv.NAME for any NAME, or that of a key of the program's own.
/// Throws InvalidArgument that names the nearest key for one that is none and begins with "cerium." or "spark.", or is
/// close to one of them.
[[nodiscard]] const ConfigKey& findConfigKey(std::string_view name);

/// The value as it is kept: blanks cut off, an enum's value spelled as in the table.
/// Throws InvalidArgument where it is none of the key's type or out of its range.
[[nodiscard]] std::string checkedConfigValue(const ConfigKey& key, std::string_view value);

/// "CERIUM_TASK_MAX_FAILURES" for "cerium.task.maxFailures".
[[nodiscard]] std::string environmentName(std::string_view key);

}  // namespace cerium
