// Cerium. Licensed under the Apache License 2.0.
// All settings of Cerium: name, type, default and meaning. The table is in config_keys.cc. Conf checks against it, so a
// misspelt key or a malformed value fails where it is written.
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
  std::string_view default_value;  ///< Empty: no default.
  std::string_view doc;
  int64_t unit = 1;  ///< The unit of a size (in bytes) or duration (in milliseconds) that has no suffix.
  double min = 0;    ///< The least value, for numbers, sizes (bytes) and durations (milliseconds).
  double max = std::numeric_limits<double>::infinity();
  std::string_view choices = {};  ///< The values of an enum: "FIFO|FAIR".
};

/// All keys, sorted by name.
[[nodiscard]] std::span<const ConfigKey> configKeys();

/// The entry of a key. cerium.executorEnv.NAME with any NAME, and a key of the program's own, have an entry too. Throws
/// InvalidArgument that names the nearest key if `name` is unknown and begins with "cerium." or "spark.", or resembles
/// a key.
[[nodiscard]] const ConfigKey& findConfigKey(std::string_view name);

/// The value as it is stored: without blanks around it, an enum's value spelled as in the table. Throws InvalidArgument
/// if the value does not have the key's type or range.
[[nodiscard]] std::string checkedConfigValue(const ConfigKey& key, std::string_view value);

/// "CERIUM_TASK_MAX_FAILURES" for "cerium.task.maxFailures".
[[nodiscard]] std::string environmentName(std::string_view key);

}  // namespace cerium
