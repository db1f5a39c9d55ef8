// Cerium. Licensed under the Apache License 2.0.
// Where settings come from besides the program: cerium-defaults.conf (or the file of
// `cerium submit --properties-file`), the environment, the flags of `cerium submit`.
#pragma once

#include <vector>

#include "base/config/config.h"

namespace cerium {

/// All of them, unchecked, weakest first. Throws IoError where the file cannot be read, InvalidArgument for a line
/// or flag without a key and for a variable that is almost a setting's.
[[nodiscard]] std::vector<ConfSetting> readConfigSources();

}  // namespace cerium
