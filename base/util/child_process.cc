// Cerium. Licensed under the Apache License 2.0.
#include "base/util/child_process.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <fstream>
#include <future>
#include <iterator>
#include <memory>
#include <utility>

#include "base/util/descriptor.h"
#include "base/util/error.h"

#ifdef __SANITIZE_THREAD__
/// A data race ends the process: a report that a child only prints would be missed.
extern "C" const char* __tsan_default_options() { return "halt_on_error=1"; }
#endif

namespace cerium {
namespace {

using Streams = ChildOrder::Streams;

constexpr size_t kMaxCrashRecord = 64 << 10;  // the capacity of a pipe by default
constexpr size_t kMaxPipe = 1 << 20;          // the largest capacity of a pipe

struct Pipe {
  Descriptor read_end;
  Descriptor write_end;
};

Pipe makePipe() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) throw IoError(std::string("cannot make a pipe: ") + std::strerror(errno));
  Pipe pipe{Descriptor(ends[0]), Descriptor(ends[1])};
  ::fcntl(ends[0], F_SETFL, O_NONBLOCK);
  // The write end gets a number above the ones that the child uses: dup2 onto the same number would keep close-on-exec.
  const int moved = ::fcntl(ends[1], F_DUPFD_CLOEXEC, ChildOrder::kCrashFd + 1);
  if (moved < 0) throw IoError(std::string("cannot duplicate a descriptor: ") + std::strerror(errno));
  pipe.write_end = Descriptor(moved);
  return pipe;
}

/// The pipes between the child and the watcher. A pipe that the order does not ask for stays closed.
struct Pipes {
  Pipe out;
  Pipe err;
  Pipe crash;
};

Pipes makePipes(const ChildOrder& order) {
  Pipes pipes;
  if (order.streams == Streams::kPipes) {
    pipes.out = makePipe();
    pipes.err = makePipe();
  }
  if (order.crash_pipe) pipes.crash = makePipe();
  return pipes;
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> all;
  for (auto& text : texts) all.push_back(text.data());
  all.push_back(nullptr);
  return all;
}

class FileActions {
 public:
  FileActions(const ChildOrder& order, const Pipes& pipes) {
    posix_spawn_file_actions_init(&actions_);
    if (order.streams != Streams::kInherited) posix_spawn_file_actions_addopen(&actions_, 0, "/dev/null", O_RDONLY, 0);
    if (order.streams == Streams::kLogFile) {
      posix_spawn_file_actions_addopen(&actions_, 1, order.log_file.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
      posix_spawn_file_actions_adddup2(&actions_, 1, 2);
    } else if (order.streams == Streams::kPipes) {
      posix_spawn_file_actions_adddup2(&actions_, pipes.out.write_end.get(), 1);
      posix_spawn_file_actions_adddup2(&actions_, pipes.err.write_end.get(), 2);
    }
    if (order.crash_pipe) {
      posix_spawn_file_actions_adddup2(&actions_, pipes.crash.write_end.get(), ChildOrder::kCrashFd);
    }
    posix_spawn_file_actions_addclosefrom_np(&actions_, ChildOrder::kCrashFd + (order.crash_pipe ? 1 : 0));
    if (!order.directory.empty()) posix_spawn_file_actions_addchdir_np(&actions_, order.directory.c_str());
  }
  ~FileActions() { posix_spawn_file_actions_destroy(&actions_); }
  FileActions(const FileActions&) = delete;
  FileActions& operator=(const FileActions&) = delete;
  [[nodiscard]] const posix_spawn_file_actions_t* get() const { return &actions_; }

 private:
  posix_spawn_file_actions_t actions_;
};

class Attributes {
 public:
  explicit Attributes(const ChildOrder& order) {
    posix_spawnattr_init(&attributes_);
    sigset_t signals;
    sigemptyset(&signals);
    posix_spawnattr_setsigmask(&attributes_, &signals);
    // processes with sockets ignore SIGPIPE; signals that nohup or a shell ignores stay ignored
    sigaddset(&signals, SIGPIPE);
    posix_spawnattr_setsigdefault(&attributes_, &signals);
    posix_spawnattr_setpgroup(&attributes_, 0);
    const int group = order.own_group ? POSIX_SPAWN_SETPGROUP : 0;
    posix_spawnattr_setflags(&attributes_, static_cast<short>(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | group));
  }
  ~Attributes() { posix_spawnattr_destroy(&attributes_); }
  Attributes(const Attributes&) = delete;
  Attributes& operator=(const Attributes&) = delete;
  [[nodiscard]] const posix_spawnattr_t* get() const { return &attributes_; }

 private:
  posix_spawnattr_t attributes_;
};

std::string whatFailed(const ChildOrder& order, int error) {
  std::string text = "cannot start " + order.program;
  if (order.streams == Streams::kLogFile) text += " (log " + order.log_file + ")";
  if (!order.directory.empty()) text += " in " + order.directory;
  text += std::string(": ") + std::strerror(error);
  if (error == ENOEXEC) text += "; the file is not a program for this machine's processor and system";
  if (error == ENOENT && ::access(order.program.c_str(), F_OK) == 0) text += ", or its loader is not installed here";
  return text;
}

pid_t spawn(const ChildOrder& order, const Pipes& pipes) {
  auto arguments = order.arguments;
  std::vector<std::string> variables;
  for (const auto& [name, value] : order.environment) {
    if (name != ChildOrder::kParentVariable) variables.push_back(name + "=" + value);
  }
  variables.push_back(fmt::format("{}={}", ChildOrder::kParentVariable, ::getpid()));
  const FileActions actions(order, pipes);
  const Attributes attributes(order);
  pid_t pid = 0;
  int error = ETXTBSY;
  // A program that was just written may still be open for writing in another child of this process, between its fork
  // and its exec. That lasts a moment.
  for (int attempt = 0; attempt < 100 && error == ETXTBSY; ++attempt) {
    if (attempt > 0) std::this_thread::sleep_for(std::chrono::milliseconds(10));
    error = ::posix_spawn(&pid, order.program.c_str(), actions.get(), attributes.get(), pointers(arguments).data(),
                          pointers(variables).data());
  }
  if (error != 0) throw IoError(whatFailed(order, error));
  return pid;
}

/// Passes the bytes that are in the pipe now to `sink`, at most kMaxPipe: a child that writes without end does not keep
/// the watcher from its other work. Returns false when the write end is closed.
template <class Sink>
bool drain(const Descriptor& pipe, const Sink& sink) {
  char buffer[16 << 10];
  for (size_t left = kMaxPipe;;) {
    const ssize_t n = ::read(pipe.get(), buffer, std::min(left, sizeof buffer));
    if (n > 0) {
      sink(std::string_view(buffer, static_cast<size_t>(n)));
      left -= static_cast<size_t>(n);
      if (left == 0) return true;
    } else if (n == 0) {
      return false;
    } else if (errno != EINTR) {
      return errno == EAGAIN;
    }
  }
}

}  // namespace

/// The work of the watcher thread: one child from its start to its end.
class ChildProcess::Watch {
 public:
  Watch(pid_t pid, int pid_fd, const ChildOrder& order, Pipes pipes)
      : pid_(pid),
        pid_fd_(pid_fd),
        own_group_(order.own_group),
        on_output_(order.on_output),
        out_(std::move(pipes.out.read_end)),
        err_(std::move(pipes.err.read_end)),
        crash_(std::move(pipes.crash.read_end)) {}

  ChildEnd run() {
    while (!waitForNews()) {
    }
    if (own_group_) ::kill(-pid_, SIGKILL);  // the number is still ours: the child is a zombie
    int status = 0;
    while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
    }
    // Reads what is in the pipes now, not up to their end: a grandchild that outlives the child may hold them open.
    passOn(out_, false);
    passOn(err_, true);
    ChildEnd end;
    if (WIFSIGNALED(status)) end.signal = WTERMSIG(status);
    if (WIFEXITED(status)) end.exit_status = WEXITSTATUS(status);
    if (crash_.isOpen()) {
      drain(crash_, [&](std::string_view bytes) {
        if (end.crash_record.size() + bytes.size() <= kMaxCrashRecord)
          end.crash_record.append(bytes.data(), bytes.size());
      });
    }
    return end;
  }

 private:
  /// Waits until a stream has bytes or the child ends. Returns true when the child has ended.
  bool waitForNews() {
    pollfd fds[] = {{pid_fd_, POLLIN, 0}, {out_.get(), POLLIN, 0}, {err_.get(), POLLIN, 0}};
    if (::poll(fds, std::size(fds), -1) < 0) return false;
    if (fds[1].revents != 0) passOn(out_, false);
    if (fds[2].revents != 0) passOn(err_, true);
    return fds[0].revents != 0;
  }

  void passOn(Descriptor& pipe, bool is_stderr) {
    if (!pipe.isOpen()) return;
    const bool open = drain(pipe, [&](std::string_view bytes) { on_output_(is_stderr, bytes); });
    if (!open) pipe.close();
  }

  const pid_t pid_;
  const int pid_fd_;  // the ChildProcess closes it, after this thread has ended
  const bool own_group_;
  const std::function<void(bool, std::string_view)> on_output_;
  Descriptor out_;
  Descriptor err_;
  Descriptor crash_;
};

ChildProcess::ChildProcess(const ChildOrder& order, std::function<void(ChildEnd)> on_end) {
  const auto started = std::make_shared<std::promise<void>>();
  watcher_ = std::thread([this, &order, started, on_end = std::move(on_end)] {
    pthread_setname_np(pthread_self(), "cerium-watch");
    std::unique_ptr<Watch> watch;
    try {
      watch = start(order);
    } catch (...) {
      return started->set_exception(std::current_exception());
    }
    started->set_value();
    on_end(watch->run());
  });
  try {
    started->get_future().get();
  } catch (...) {
    watcher_.join();
    throw;
  }
}

std::unique_ptr<ChildProcess::Watch> ChildProcess::start(const ChildOrder& order) {
  Pipes pipes = makePipes(order);
  pid_ = spawn(order, pipes);
  pid_fd_ = static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0));
  if (pid_fd_ < 0) {
    const int error = errno;
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
    throw IoError(fmt::format("cannot watch {}: pidfd_open: {}", order.program, std::strerror(error)));
  }
  return std::make_unique<Watch>(pid_, pid_fd_, order, std::move(pipes));  // closes the child's ends of the pipes
}

ChildProcess::~ChildProcess() {
  watcher_.join();
  ::close(pid_fd_);
}

void endWithParent() {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  // If the parent has already ended, init is the parent now and the signal never comes.
  const char* variable = std::getenv(ChildOrder::kParentVariable);
  const pid_t parent = variable == nullptr ? 0 : std::atoi(variable);
  // The parent may be a program in between, such as a shell: then the process of kParentVariable is checked itself.
  if (parent > 0 && parent != ::getppid() && ::kill(parent, 0) != 0) ::raise(SIGKILL);
}

void ChildProcess::kill(int signal) { ::syscall(SYS_pidfd_send_signal, pid_fd_, signal, nullptr, 0); }

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
