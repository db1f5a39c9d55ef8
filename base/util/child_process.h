// Cerium. Licensed under the Apache License 2.0.
// Starts a program as a child of this process, without a shell and with nothing of ours but what the order says, and
// tells when and how it ended. Executors, drivers in the cluster and `cerium submit` all start their programs here.
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

struct ChildOrder {
  enum class Streams {
    kInherited,  ///< Standard streams are this process's own.
    kLogFile,    ///< stdout and stderr go to `log_file`; stdin is empty.
    kPipes,      ///< stdout and stderr go to `on_output`; stdin is empty.
  };

  std::string program;                             ///< A path; PATH is not searched.
  std::vector<std::string> arguments;              ///< With the program's own name first.
  std::map<std::string, std::string> environment;  ///< All of it, but for kParentVariable.
  std::string directory;                           ///< Where it starts; empty: where this process is.
  Streams streams = Streams::kLogFile;
  std::string log_file;  ///< Appended to; made with mode 0600.
  /// Called by the watcher thread; a child that writes faster than this takes the bytes waits.
  std::function<void(bool is_stderr, std::string_view bytes)> on_output;
  /// A process group of its own: a terminal's Ctrl-C does not reach it, and what it started is killed when it ended.
  bool own_group = false;
  /// Descriptor kCrashFd of the child is a pipe; what is in it at the end is ChildEnd::crash_record.
  bool crash_pipe = false;

  static constexpr int kCrashFd = 3;  // right behind the standard streams
  /// Set in each child's environment, to the number of this process; see endWithParent().
  static constexpr const char* kParentVariable = "CERIUM_PARENT";
};

/// How a child ended.
struct ChildEnd {
  int signal = 0;  ///< 0 where it exited.
  int exit_status = 0;
  Bytes crash_record;
};

/// A child that was started. Threads: kill() from any thread. The watcher thread starts the child (so that one that
/// calls endWithParent() has a parent for as long as this process lives), waits for it and calls `on_end` once, which
/// must not destroy this object; the destructor waits for that, so the child must be told to end first.
class ChildProcess {
 public:
  /// Throws IoError where the program cannot be started: naming it, the log file and the system's reason.
  ChildProcess(const ChildOrder& order, std::function<void(ChildEnd)> on_end);
  ~ChildProcess();
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  [[nodiscard]] pid_t pid() const { return pid_; }
  /// Nothing happens where it has ended already.
  void kill(int signal);

 private:
  class Watch;
  std::unique_ptr<Watch> start(const ChildOrder& order);

  pid_t pid_ = 0;
  int pid_fd_ = -1;  ///< Names the process itself, not a number that another process may get.
  std::thread watcher_;
};

/// For a child: the system kills this process when the one that started it as a ChildProcess is gone, or at once where
/// it is gone already.
void endWithParent();

/// The last lines of a log, for the error of a program that does not start.
[[nodiscard]] std::string lastLines(const std::string& path, size_t max_bytes);

}  // namespace cerium
