// Cerium. Licensed under the Apache License 2.0.
#include "rdd/ops/pipe_process.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/util/error.h"
#include "rdd/task_context.h"

namespace cerium::ops {
namespace {

/// One end of a pipe; closes it.
struct Fd {
  int fd = -1;
  ~Fd() { reset(); }
  void reset() {
    if (fd >= 0) ::close(std::exchange(fd, -1));
  }
};

void makePipe(Fd& read_end, Fd& write_end) {
  int fds[2];
  if (::pipe2(fds, O_CLOEXEC) != 0) throw IoError(std::string("pipe: cannot make a pipe: ") + std::strerror(errno));
  read_end.fd = fds[0];
  write_end.fd = fds[1];
}

/// A socket for the program's input. Writing to a pipe whose reader is gone raises SIGPIPE, which would end this
/// process, and the user's program decides whether to ignore it; a socket can suppress the signal.
void makeSocket(Fd& read_end, Fd& write_end) {
  int fds[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) != 0) {
    throw IoError(std::string("pipe: cannot make a socket: ") + std::strerror(errno));
  }
  read_end.fd = fds[0];
  write_end.fd = fds[1];
  ::shutdown(fds[0], SHUT_WR);
}

/// A child process with pipes on its three standard streams. One thread feeds and reads it with poll.
class PipeStream final : public Stream<std::string> {
 public:
  PipeStream(PipeCommand command, TaskContext& task, std::function<bool(std::string&)> feed)
      : command_(std::move(command)), task_(task), feed_(std::move(feed)) {
    start();
  }
  ~PipeStream() override {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }

  Batch<std::string> next() override {
    lines_.clear();
    while (lines_.empty() && !ended_) step();
    return {lines_.data(), lines_.size(), true};
  }

 private:
  void start() {
    Fd child_in;
    Fd child_out;
    Fd child_err;
    makeSocket(child_in, to_);
    makePipe(from_, child_out);
    makePipe(errors_, child_err);
    for (const Fd* each : {&to_, &from_, &errors_}) ::fcntl(each->fd, F_SETFL, O_NONBLOCK);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, child_in.fd, 0);
    posix_spawn_file_actions_adddup2(&actions, child_out.fd, 1);
    posix_spawn_file_actions_adddup2(&actions, child_err.fd, 2);
    posix_spawnattr_t attributes;
    posix_spawnattr_init(&attributes);
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGPIPE);
    posix_spawnattr_setsigdefault(&attributes, &signals);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF);
    std::vector<char*> arguments;
    for (auto& argument : command_.arguments) arguments.push_back(argument.data());
    arguments.push_back(nullptr);
    std::vector<std::string> variables;
    for (char** variable = environ; *variable != nullptr; ++variable) {
      if (std::strncmp(*variable, "CERIUM_", 7) != 0) variables.emplace_back(*variable);
    }
    for (const auto& [name, value] : command_.environment) variables.push_back(name + "=" + value);
    std::vector<char*> environment;
    for (auto& variable : variables) environment.push_back(variable.data());
    environment.push_back(nullptr);
    const int error = ::posix_spawnp(&pid_, arguments[0], &actions, &attributes, arguments.data(), environment.data());
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
    if (error != 0) {
      pid_ = 0;
      throw IoError("pipe: cannot run " + command_.arguments[0] + ": " + std::strerror(error));
    }
  }

  void step() {
    task_.checkInterrupted();
    if (to_.fd >= 0 && sent_ == input_.size()) {
      input_.clear();
      sent_ = 0;
      if (!feed_(input_)) to_.reset();
    }
    pollfd ready[3] = {{from_.fd, POLLIN, 0}, {errors_.fd, POLLIN, 0}, {to_.fd, POLLOUT, 0}};
    ::poll(ready, 3, 100);  // wakes up to notice that the task was told to stop
    if (ready[2].revents != 0) send();
    if (ready[1].revents != 0) readErrors();
    if (ready[0].revents != 0) readOutput();
    if (from_.fd < 0) finish();
  }

  void send() {
    const ssize_t n = ::send(to_.fd, input_.data() + sent_, input_.size() - sent_, MSG_NOSIGNAL);
    if (n >= 0) {
      sent_ += static_cast<size_t>(n);
    } else if (errno != EAGAIN && errno != EINTR) {
      to_.reset();  // the program may stop reading its input before the end, as `head` does
    }
  }

  void readOutput() {
    char bytes[64 * 1024];
    const ssize_t n = ::read(from_.fd, bytes, sizeof bytes);
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (n <= 0) {
      from_.reset();
      if (!partial_.empty()) lines_.emplace_back(std::move(partial_));
      return;
    }
    std::string_view text(bytes, static_cast<size_t>(n));
    for (size_t end; (end = text.find('\n')) != std::string_view::npos; text.remove_prefix(end + 1)) {
      partial_ += text.substr(0, end);
      lines_.emplace_back(std::move(partial_));
      partial_.clear();
    }
    partial_ += text;
  }

  void readErrors() {
    char bytes[4096];
    const ssize_t n = ::read(errors_.fd, bytes, sizeof bytes);
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (n <= 0) {
      errors_.reset();
      return;
    }
    last_words_.append(bytes, static_cast<size_t>(n));
    if (last_words_.size() > 4096) last_words_.erase(0, last_words_.size() - 2048);
  }

  void finish() {
    ended_ = true;
    while (errors_.fd >= 0) {
      pollfd ready{errors_.fd, POLLIN, 0};
      if (::poll(&ready, 1, 100) <= 0) break;
      readErrors();
    }
    int status = 0;
    ::waitpid(pid_, &status, 0);
    pid_ = 0;
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return;
    throw Error(fmt::format("pipe: {} {}{}{}", fmt::join(command_.arguments, " "),
                            WIFEXITED(status) ? fmt::format("exited with status {}", WEXITSTATUS(status))
                                              : fmt::format("was killed by signal {}", WTERMSIG(status)),
                            last_words_.empty() ? "" : ": ", last_words_));
  }

  PipeCommand command_;
  TaskContext& task_;
  std::function<bool(std::string&)> feed_;
  pid_t pid_ = 0;
  Fd to_;
  Fd from_;
  Fd errors_;
  std::string input_;
  size_t sent_ = 0;
  std::string partial_;
  std::string last_words_;
  RecordBuffer<std::string> lines_;
  bool ended_ = false;
};

}  // namespace

StreamPtr<std::string> pipeThrough(const PipeCommand& command, TaskContext& task,
                                   std::function<bool(std::string&)> feed) {
  return makeStream<PipeStream>(command, task, std::move(feed));
}

}  // namespace cerium::ops
