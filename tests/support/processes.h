// Cerium. Licensed under the Apache License 2.0.
// Real processes under test: this process's executors, their ports and memory, and driver programs as children. A
// driver program is a hidden test case of the same binary, so it needs no target of its own.
#pragma once

#include <cerium/cerium.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <chrono>
#include <functional>
#include <mutex>
#include <set>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "tests/support/temp_folder.h"

namespace cerium::testing {

/// Settings for jobs on `master`: logs and scratch data in `folder`, no output on the terminal.
inline Conf clusterConf(const std::string& master, const TempFolder& folder) {
  return Conf()
      .setMaster(master)
      .setAppName("test")
      .set("cerium.ui.enabled", "false")
      .set("cerium.eventLog.enabled", "false")
      .set("cerium.logLevel", "OFF")
      .set("cerium.log.dir", folder / "log")
      .set("cerium.local.dir", folder.path());
}

/// Polls until `condition` holds; false after `limit`.
inline bool eventually(const std::function<bool()>& condition, std::chrono::seconds limit = std::chrono::seconds(20)) {
  const auto deadline = std::chrono::steady_clock::now() + limit;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return true;
}

/// The records of `rows`, computed in a barrier stage, so that all its tasks run at the same time.
inline RDD<int64_t> throughBarrier(const RDD<int64_t>& rows) {
  return rows.barrier().mapPartitions([](auto& records) {
    BarrierTaskContext::get().barrier();
    std::vector<int64_t> all;
    for (int64_t x : records) all.push_back(x);
    return all;
  });
}

/// The living (not zombie) children of `parent`.
inline std::vector<pid_t> childrenOf(pid_t parent) {
  std::vector<pid_t> found;
  for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
    const pid_t pid = std::atoi(entry.path().filename().c_str());
    if (pid <= 0) continue;
    const std::string stat = contentsOf(entry.path() / "stat");
    const size_t name_end = stat.rfind(')');
    if (name_end == std::string::npos) continue;
    char state = 'Z';
    pid_t its_parent = -1;
    std::istringstream(stat.substr(name_end + 1)) >> state >> its_parent;
    if (its_parent == parent && state != 'Z' && state != 'X') found.push_back(pid);
  }
  return found;
}
inline std::vector<pid_t> executorPids() { return childrenOf(::getpid()); }

/// The TCP ports on which these processes listen.
inline std::set<int> listeningPorts(const std::vector<pid_t>& pids) {
  std::set<std::string> sockets;
  for (pid_t pid : pids) {
    std::error_code gone;
    for (std::filesystem::directory_iterator fd("/proc/" + std::to_string(pid) + "/fd", gone), end; !gone && fd != end;
         fd.increment(gone)) {
      std::error_code closed;
      sockets.insert(std::filesystem::read_symlink(fd->path(), closed).string());
    }
  }
  std::set<int> ports;
  std::istringstream table(contentsOf("/proc/net/tcp"));
  std::string line;
  std::getline(table, line);
  while (std::getline(table, line)) {
    std::istringstream row(line);
    std::string slot, local, remote, state, queues, timer, retries, uid, timeout, inode;
    row >> slot >> local >> remote >> state >> queues >> timer >> retries >> uid >> timeout >> inode;
    if (state == "0A" && sockets.contains("socket:[" + inode + "]")) {
      ports.insert(std::stoi(local.substr(local.find(':') + 1), nullptr, 16));
    }
  }
  return ports;
}

/// Whether memory figures are meaningful: sanitizers keep freed memory for a while.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr bool kMemoryTells = false;
#else
inline constexpr bool kMemoryTells = true;
#endif

/// The resident bytes of a process; 0 if it is gone.
inline size_t residentBytes(pid_t pid) {
  size_t all = 0;
  size_t resident = 0;
  std::istringstream(contentsOf("/proc/" + std::to_string(pid) + "/statm")) >> all >> resident;
  return resident * static_cast<size_t>(::sysconf(_SC_PAGESIZE));
}

/// Records a Context's events about tasks and executors. Threads: thread-safe.
class Recorder final : public Listener {
 public:
  /// Called for each task that ends, on the Context's thread.
  std::function<void(const TaskInfo&)> on_task_end;

  void onTaskStart(const TaskInfo& task) override {
    std::lock_guard lock(mutex_);
    started_.push_back(task);
  }
  void onTaskEnd(const TaskInfo& task) override {
    {
      std::lock_guard lock(mutex_);
      ended_.push_back(task);
    }
    if (on_task_end) on_task_end(task);
  }
  void onExecutorRemoved(const ExecutorInfo& executor) override {
    std::lock_guard lock(mutex_);
    removed_.push_back(executor);
  }

  [[nodiscard]] std::vector<TaskInfo> started() const { return copyOf(started_); }
  [[nodiscard]] std::vector<TaskInfo> ended() const { return copyOf(ended_); }
  [[nodiscard]] std::vector<ExecutorInfo> removed() const { return copyOf(removed_); }
  /// The number of successful tasks, of all stages or of one.
  [[nodiscard]] int succeeded(int64_t stage = -1) const {
    int count = 0;
    for (const TaskInfo& task : ended())
      count += task.status == "SUCCESS" && (stage < 0 || task.stage == stage) ? 1 : 0;
    return count;
  }

 private:
  template <class T>
  std::vector<T> copyOf(const std::vector<T>& all) const {
    std::lock_guard lock(mutex_);
    return all;
  }
  mutable std::mutex mutex_;
  std::vector<TaskInfo> started_;      // guarded by mutex_
  std::vector<TaskInfo> ended_;        // guarded by mutex_
  std::vector<ExecutorInfo> removed_;  // guarded by mutex_
};

/// A hidden test case of this binary, run as a program in `folder` (its TMPDIR and the place of its output).
class DriverProgram {
 public:
  DriverProgram(const std::string& test_case, const TempFolder& folder, std::vector<std::string> variables = {}) {
    std::vector<std::string> arguments{std::filesystem::read_symlink("/proc/self/exe"), test_case};
    variables.push_back("TMPDIR=" + folder.path());
    variables.push_back("XDG_STATE_HOME=" + folder / "state");
    for (char** variable = environ; *variable != nullptr; ++variable) {
      if (!std::string(*variable).starts_with("TMPDIR=")) variables.emplace_back(*variable);
    }
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    const std::string output = folder / "output";
    posix_spawn_file_actions_addopen(&actions, 1, output.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
    posix_spawn_file_actions_adddup2(&actions, 1, 2);
    posix_spawnattr_t attributes;
    posix_spawnattr_init(&attributes);
    sigset_t defaults;  // a test runner in the background may have SIGINT ignored
    sigemptyset(&defaults);
    sigaddset(&defaults, SIGINT);
    posix_spawnattr_setsigdefault(&attributes, &defaults);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF);
    const int error = ::posix_spawn(&pid_, arguments[0].c_str(), &actions, &attributes, pointers(arguments).data(),
                                    pointers(variables).data());
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
    if (error != 0) throw std::runtime_error("cannot run " + arguments[0]);
  }
  /// Kills the program if it still runs.
  ~DriverProgram() {
    if (ended_) return;
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  DriverProgram(const DriverProgram&) = delete;
  DriverProgram& operator=(const DriverProgram&) = delete;

  [[nodiscard]] pid_t pid() const { return pid_; }
  void signal(int number) const { ::kill(pid_, number); }
  /// The status of waitpid; -1 if the program does not end in time.
  int wait(std::chrono::seconds limit = std::chrono::seconds(20)) {
    int status = -1;
    ended_ = eventually([&] { return ::waitpid(pid_, &status, WNOHANG) == pid_; }, limit);
    return ended_ ? status : -1;
  }

 private:
  static std::vector<char*> pointers(std::vector<std::string>& texts) {
    std::vector<char*> all;
    for (auto& text : texts) all.push_back(text.data());
    all.push_back(nullptr);
    return all;
  }

  pid_t pid_ = -1;
  bool ended_ = false;
};

}  // namespace cerium::testing
