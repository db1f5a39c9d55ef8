// Cerium. Licensed under the Apache License 2.0.
// The environment variables that give a process its role. The process that starts it (a worker, or the driver of a
// local cluster) sets them; the new process removes them from its environment before user code runs.
#pragma once

namespace cerium {

/// The variables of an executor. The optional ones are set by workers.
struct ExecutorEnvironment {
  static constexpr const char* kDriver = "CERIUM_EXECUTOR_OF";  ///< "host:port" of the driver.
  static constexpr const char* kId = "CERIUM_EXECUTOR_ID";
  static constexpr const char* kCores = "CERIUM_EXECUTOR_CORES";
  // The secret of its application; see base/rpc/secrets.h.
  static constexpr const char* kSecret = "CERIUM_EXECUTOR_SECRET";
  static constexpr const char* kCrashFd =
      "CERIUM_EXECUTOR_CRASH_FD";  ///< Where a crash report goes; see executor/crash_report.h.
  // Optional: the name under which other processes reach it.
  static constexpr const char* kHost = "CERIUM_EXECUTOR_HOST";
  static constexpr const char* kScratch = "CERIUM_EXECUTOR_SCRATCH";  ///< Optional: its own folder for spilled data.
};

/// Exit status of an executor that lost its connection to the driver (EX_TEMPFAIL of sysexits.h). No task is to blame.
inline constexpr int kLostItsDriver = 75;

/// The variables of a driver that a worker started, beside settings.
struct DriverEnvironment {
  static constexpr const char* kId = "CERIUM_DRIVER_ID";  ///< DriverOrder::driver.
  static constexpr const char* kSecret = "CERIUM_AUTHENTICATE_SECRET";
  /// The first SIGINT cancels jobs and does not end the program. `cerium submit` also sets it for a driver that it
  /// starts.
  static constexpr const char* kCancelOnInterrupt = "CERIUM_CANCEL_ON_INTERRUPT";
};

}  // namespace cerium
