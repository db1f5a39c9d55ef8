// Cerium. Licensed under the Apache License 2.0.
// Starts the driver's own program again in the executor role, and tells when and how it ended.
#pragma once

#include <sys/types.h>

#include <functional>
#include <string>

#include "base/util/child_process.h"
#include "base/util/ids.h"
#include "executor/crash_report.h"

namespace cerium {

/// The arguments that this program was started with, its name first: an executor is the same program with the same
/// arguments.
[[nodiscard]] std::vector<std::string> ownArguments();

struct LaunchOrder {
  ExecutorId id;
  std::string driver;  ///< "host:port".
  std::string secret;
  int cores = 1;
  std::string log_file;  ///< Takes the process's stdout and stderr.
};

/// How a process ended.
struct ProcessEnd {
  int signal = 0;  ///< 0 where it exited.
  int exit_status = 0;
  bool crashed = false;  ///< It wrote a crash record.
  CrashRecord record;
};

/// A started executor process. Threads: kill() from any thread. The watcher thread waits for the process and calls
/// `on_end` once; the destructor waits for it, so the process must be told to end first.
class ExecutorProcessHandle {
 public:
  /// Throws IoError where the process or its log file cannot be made.
  ExecutorProcessHandle(const LaunchOrder& order, std::function<void(const ProcessEnd&)> on_end);

  [[nodiscard]] pid_t pid() const { return process_.pid(); }
  void kill();

 private:
  ChildProcess process_;
};

}  // namespace cerium
