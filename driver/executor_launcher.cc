// Cerium. Licensed under the Apache License 2.0.
#include "driver/executor_launcher.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <memory>
#include <sstream>
#include <vector>

#include "base/util/error.h"
#include "executor/executor_process.h"

namespace cerium {
namespace {

/// The arguments that this program was started with: an executor is the same program with the same arguments.
std::vector<std::string> ownArguments() {
  std::ifstream file("/proc/self/cmdline", std::ios::binary);
  std::stringstream text;
  text << file.rdbuf();
  std::vector<std::string> arguments;
  for (std::string argument; std::getline(text, argument, '\0');) arguments.push_back(argument);
  return arguments;
}

std::vector<std::string> environmentFor(const LaunchOrder& order, int crash_fd) {
  std::vector<std::string> variables;
  for (char** variable = environ; *variable != nullptr; ++variable) variables.emplace_back(*variable);
  variables.push_back(std::string(ExecutorEnvironment::kDriver) + "=" + order.driver);
  variables.push_back(std::string(ExecutorEnvironment::kId) + "=" + order.id.str());
  variables.push_back(std::string(ExecutorEnvironment::kCores) + "=" + std::to_string(order.cores));
  variables.push_back(std::string(ExecutorEnvironment::kSecret) + "=" + order.secret);
  variables.push_back(std::string(ExecutorEnvironment::kCrashFd) + "=" + std::to_string(crash_fd));
  return variables;
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> all;
  for (auto& text : texts) all.push_back(text.data());
  all.push_back(nullptr);
  return all;
}

constexpr int kCrashFd = 3;  // in the child, right behind the standard streams

pid_t spawn(const LaunchOrder& order, int crash_write) {
  auto arguments = ownArguments();
  auto variables = environmentFor(order, kCrashFd);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&actions, 1, order.log_file.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
  posix_spawn_file_actions_adddup2(&actions, 1, 2);
  posix_spawn_file_actions_adddup2(&actions, crash_write, kCrashFd);
  posix_spawn_file_actions_addclosefrom_np(&actions, kCrashFd + 1);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t none;
  sigemptyset(&none);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
  pid_t pid = 0;
  const int error = ::posix_spawn(&pid, "/proc/self/exe", &actions, &attributes, pointers(arguments).data(),
                                  pointers(variables).data());
  posix_spawn_file_actions_destroy(&actions);
  posix_spawnattr_destroy(&attributes);
  if (error != 0) {
    throw IoError("cannot start executor " + order.id.str() + " (log " + order.log_file + "): " + std::strerror(error));
  }
  return pid;
}

void signalProcess(int pid_fd, int signal) { ::syscall(SYS_pidfd_send_signal, pid_fd, signal, nullptr, 0); }

ProcessEnd waitFor(pid_t pid, int crash_read) {
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  ProcessEnd end;
  if (WIFSIGNALED(status)) end.signal = WTERMSIG(status);
  if (WIFEXITED(status)) end.exit_status = WEXITSTATUS(status);
  end.crashed = readCrashRecord(crash_read, end.record);
  ::close(crash_read);
  return end;
}

}  // namespace

ExecutorProcessHandle::ExecutorProcessHandle(const LaunchOrder& order, std::function<void(const ProcessEnd&)> on_end) {
  int crash[2];
  if (::pipe2(crash, O_CLOEXEC) != 0) throw IoError(std::string("cannot make a pipe: ") + std::strerror(errno));
  try {
    // dup2 onto itself would keep the close-on-exec flag; the pipe's write end is never 3 by then unless 3 was free.
    if (crash[1] == kCrashFd) {
      const int moved = ::fcntl(crash[1], F_DUPFD_CLOEXEC, kCrashFd + 1);
      ::close(crash[1]);
      crash[1] = moved;
    }
    pid_ = spawn(order, crash[1]);
  } catch (...) {
    ::close(crash[0]);
    ::close(crash[1]);
    throw;
  }
  ::close(crash[1]);
  pid_fd_ = static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0));
  watcher_ =
      std::thread([pid = pid_, read_end = crash[0], on_end = std::move(on_end)] { on_end(waitFor(pid, read_end)); });
  pthread_setname_np(watcher_.native_handle(), "cerium-watch");
}

ExecutorProcessHandle::~ExecutorProcessHandle() {
  watcher_.join();
  ::close(pid_fd_);
}

void ExecutorProcessHandle::kill() { signalProcess(pid_fd_, SIGKILL); }

std::string lastLines(const std::string& path, size_t max_bytes) {
  std::ifstream file(path, std::ios::binary | std::ios::ate);
  const auto size = static_cast<size_t>(std::max<std::streamoff>(0, file.tellg()));
  const size_t n = std::min(size, max_bytes);
  std::string text(n, '\0');
  file.seekg(static_cast<std::streamoff>(size - n));
  file.read(text.data(), static_cast<std::streamsize>(n));
  while (!text.empty() && text.back() == '\n') text.pop_back();
  return text;
}

}  // namespace cerium
