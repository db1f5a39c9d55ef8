// Cerium. Licensed under the Apache License 2.0.
// The executor role: a driver's binary, started again, connects to its driver and runs tasks until that ends.
#pragma once

#include <string>

namespace cerium {

/// The environment that puts a program into the executor role. Whoever starts an executor sets all of them; the
/// executor takes them out of its environment before any task runs.
struct ExecutorEnvironment {
  static constexpr const char* kDriver = "CERIUM_EXECUTOR_OF";  ///< "host:port" of the driver.
  static constexpr const char* kId = "CERIUM_EXECUTOR_ID";
  static constexpr const char* kCores = "CERIUM_EXECUTOR_CORES";
  static constexpr const char* kSecret = "CERIUM_EXECUTOR_SECRET";
  static constexpr const char* kCrashFd =
      "CERIUM_EXECUTOR_CRASH_FD";  ///< Where a crash report goes; see crash_report.h.
};

/// Whether this process was started as an executor.
[[nodiscard]] bool isExecutorProcess();

/// Serves the driver; never returns. Exits with 0 when the driver said so or is gone.
[[noreturn]] void runExecutorProcess();

}  // namespace cerium
