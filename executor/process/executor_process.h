// Cerium. Licensed under the Apache License 2.0.
// The executor role: a driver's binary, started again, connects to its driver and runs tasks until that ends.
#pragma once

namespace cerium {

/// Whether this process was started as an executor.
[[nodiscard]] bool isExecutorProcess();

/// Serves the driver; never returns. Exits with 0 when the driver said so or is gone.
[[noreturn]] void runExecutorProcess();

}  // namespace cerium
