// Cerium. Licensed under the Apache License 2.0.
// The name of this machine.
#pragma once

#include <string>

namespace cerium {

/// As the system gives it; empty where it gives none.
[[nodiscard]] std::string hostName();

}  // namespace cerium
