// Cerium. Licensed under the Apache License 2.0.
#include "cli/printer.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <utility>

#include "base/util/printable.h"

namespace cerium::cli {
namespace {

constexpr size_t kMaxQueued = 64 << 20;
constexpr int kLookMs = 50;  // for the end, while nobody reads
constexpr std::chrono::seconds kLastWords{1};

/// A descriptor that does not block, for what can: we share `fd` with other processes, which may not want it so.
/// Where there is no such thing (a socket, another user's terminal), `fd` itself.
int notBlocking(int fd) {
  struct stat status {};
  const bool may_block = ::fstat(fd, &status) == 0 && (S_ISFIFO(status.st_mode) || S_ISCHR(status.st_mode));
  const std::string path = fmt::format("/proc/self/fd/{}", fd);
  const int own = may_block ? ::open(path.c_str(), O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC) : -1;
  return own >= 0 ? own : fd;
}

}  // namespace

Printer::Printer() : files_{notBlocking(STDOUT_FILENO), notBlocking(STDERR_FILENO)} {}

Printer::~Printer() {
  (void)finish(kLastWords);
  stopping_ = true;
  thread_.stop();
  for (const int fd : files_) {
    if (fd > STDERR_FILENO) ::close(fd);
  }
}

void Printer::print(To to, std::string_view bytes) {
  std::lock_guard lock(mutex_);
  if (queued_ + bytes.size() > kMaxQueued) {
    left_out_ += bytes.size();
    return;
  }
  sayWhatIsLeftOut();
  queue(to, std::string(bytes));
}

void Printer::say(std::string_view line) {
  std::lock_guard lock(mutex_);
  queue(To::kStderr, printable(line) + "\n");
}

bool Printer::finish(std::chrono::milliseconds limit) {
  std::unique_lock lock(mutex_);
  sayWhatIsLeftOut();
  return changed_.wait_for(lock, limit, [this] { return queued_ == 0; });
}

void Printer::sayWhatIsLeftOut() {
  if (left_out_ == 0) return;
  queue(To::kStderr, fmt::format("\n[{} bytes are left out here, as nobody read them in time; all is in the driver's "
                                 "folder on its worker]\n",
                                 std::exchange(left_out_, 0)));
}

void Printer::queue(To to, std::string bytes) {
  queued_ += bytes.size();
  thread_.run([this, to, bytes = std::move(bytes)] {
    write(to, bytes);
    std::lock_guard lock(mutex_);
    queued_ -= bytes.size();
    if (queued_ == 0) changed_.notify_all();
  });
}

void Printer::write(To to, std::string_view bytes) const {
  const int fd = files_[static_cast<size_t>(to)];
  while (!bytes.empty() && !stopping_) {
    pollfd ready{fd, POLLOUT, 0};
    if (::poll(&ready, 1, kLookMs) <= 0) continue;
    // As much as a pipe that is ready takes for certain.
    const ssize_t n = ::write(fd, bytes.data(), std::min<size_t>(bytes.size(), PIPE_BUF));
    if (n < 0 && errno != EINTR && errno != EAGAIN) return;
    if (n > 0) bytes.remove_prefix(static_cast<size_t>(n));
  }
}

}  // namespace cerium::cli
