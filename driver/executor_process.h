// Cerium. Licensed under the Apache License 2.0.
// The executor role of a driver's binary: see serveIfExecutor in driver/context.h.
#pragma once

#include <string>

namespace cerium {

/// Environment variable that puts a program into the executor role; its value is "host:port" of the driver.
inline constexpr const char* kExecutorRoleVariable = "CERIUM_EXECUTOR_OF";

}  // namespace cerium
