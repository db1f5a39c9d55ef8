// Cerium. Licensed under the Apache License 2.0.
// The name of this machine.
#pragma once

#include <string>

namespace cerium {

/// The host name; empty if the system does not give one.
[[nodiscard]] std::string hostName();

}  // namespace cerium
