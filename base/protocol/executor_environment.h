// Cerium. Licensed under the Apache License 2.0.
// The environment variables that put a program into a role. Whoever starts the process (a worker, or the driver for a
// local cluster) sets them; the process takes them out of its environment before any code of the user's runs.
#pragma once

namespace cerium {

/// All of an executor's. Those marked optional are set by workers.
struct ExecutorEnvironment {
  static constexpr const char* kDriver = "CERIUM_EXECUTOR_OF";  ///< "host:port" of the driver.
  static constexpr const char* kId = "CERIUM_EXECUTOR_ID";
  static constexpr const char* kCores = "CERIUM_EXECUTOR_CORES";
  static constexpr const char* kSecret = "CERIUM_EXECUTOR_SECRET";  ///< Its application's; see base/rpc/secrets.h.
  static constexpr const char* kCrashFd =
      "CERIUM_EXECUTOR_CRASH_FD";  ///< Where a crash report goes; see executor/crash_report.h.
  static constexpr const char* kHost = "CERIUM_EXECUTOR_HOST";        ///< Optional: under which others reach it.
  static constexpr const char* kScratch = "CERIUM_EXECUTOR_SCRATCH";  ///< Optional: a folder of its own for its data.
};

/// Exit status of an executor that lost its connection to the driver (EX_TEMPFAIL of sysexits.h): no task's fault.
inline constexpr int kLostItsDriver = 75;

/// What a driver that a worker started has besides its settings.
struct DriverEnvironment {
  static constexpr const char* kId = "CERIUM_DRIVER_ID";  ///< DriverOrder::driver.
  static constexpr const char* kSecret = "CERIUM_AUTHENTICATE_SECRET";
  /// The first SIGINT cancels jobs and does not end the program. Also set by `cerium submit` for a driver of its own.
  static constexpr const char* kCancelOnInterrupt = "CERIUM_CANCEL_ON_INTERRUPT";
};

}  // namespace cerium
