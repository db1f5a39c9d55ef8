// Cerium. Licensed under the Apache License 2.0.
// Starts a program as a child of this process, without a shell; the child inherits only what the order names. Reports
// when and how the child ended. Executors, drivers in the cluster and `cerium submit` start their programs here.
#pragma once

#include <sys/types.h>

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/util/bytes.h"

namespace cerium {

/// What to start, and what the child gets.
struct ChildOrder {
  enum class Streams {
    kInherited,  ///< The child uses this process's standard streams.
    kLogFile,    ///< stdout and stderr go to `log_file`; stdin is empty.
    kPipes,      ///< stdout and stderr go to `on_output`; stdin is empty.
  };

  std::string program;                             ///< A path; PATH is not searched.
  std::vector<std::string> arguments;              ///< The first is the program's own name.
  std::map<std::string, std::string> environment;  ///< The child's whole environment; kParentVariable is added.
  std::string directory;                           ///< The child's working directory; empty: this process's.
  Streams streams = Streams::kLogFile;
  std::string log_file;  ///< Opened for appending; created with mode 0600.
  /// Called on the watcher thread. The child waits while its pipe is full and this call has not returned.
  std::function<void(bool is_stderr, std::string_view bytes)> on_output;
  /// Gives the child a process group of its own. A terminal's Ctrl-C does not reach it, and processes that it leaves
  /// behind are killed when it ends.
  bool own_group = false;
  /// Makes descriptor kCrashFd of the child a pipe. Its contents when the child ends become ChildEnd::crash_record.
  bool crash_pipe = false;

  static constexpr int kCrashFd = 3;  // the first number after the standard streams
  /// A variable in each child's environment that holds this process's id; see endWithParent().
  static constexpr const char* kParentVariable = "CERIUM_PARENT";
};

/// How a child ended.
struct ChildEnd {
  int signal = 0;  ///< The signal that ended it; 0: it exited.
  int exit_status = 0;
  Bytes crash_record;
};

/// A running child. The watcher thread starts the child (so a child that calls endWithParent() has a parent as long as
/// this process lives), waits for its end and calls `on_end` once. Threads: kill() from any thread.
/// `on_end` must not destroy this object. The destructor waits until `on_end` has returned, so tell the child to end
/// first.
class ChildProcess {
 public:
  /// Throws IoError if the program cannot be started; the text names the program, the log file and the system's reason.
  ChildProcess(const ChildOrder& order, std::function<void(ChildEnd)> on_end);
  ~ChildProcess();
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  [[nodiscard]] pid_t pid() const { return pid_; }
  /// Sends `signal` to the child. Does nothing if the child has ended.
  void kill(int signal);

 private:
  class Watch;
  std::unique_ptr<Watch> start(const ChildOrder& order);

  pid_t pid_ = 0;
  int pid_fd_ = -1;  ///< Refers to the process itself; a pid may be given to another process.
  std::thread watcher_;
};

/// Called in a child. The system then kills this process when the process that started it as a ChildProcess ends, or at
/// once if that process has already ended.
void endWithParent();

/// The last `max_bytes` of a log file, for the error about a program that does not start.
[[nodiscard]] std::string lastLines(const std::string& path, size_t max_bytes);

}  // namespace cerium
