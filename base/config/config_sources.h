// Cerium. Licensed under the Apache License 2.0.
// The sources of settings outside the program: cerium-defaults.conf (or the file of `cerium submit --properties-file`),
// the environment, the flags of `cerium submit`.
#pragma once

#include <vector>

#include "base/config/config.h"

namespace cerium {

/// All settings of all sources, unchecked, weakest source first. Throws IoError if the file cannot be read, and
/// InvalidArgument for a line or flag without a key or a variable whose name resembles a setting's.
[[nodiscard]] std::vector<ConfSetting> readConfigSources();

}  // namespace cerium
