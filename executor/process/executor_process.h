// Cerium. Licensed under the Apache License 2.0.
// The executor role: the driver's binary, started again, connects to its driver and runs tasks until the driver ends.
#pragma once

namespace cerium {

/// Whether this process was started as an executor.
[[nodiscard]] bool isExecutorProcess();

/// Serves the driver and never returns. Exits with 0 if the driver said so, and with kLostItsDriver if it is gone.
[[noreturn]] void runExecutorProcess();

}  // namespace cerium
