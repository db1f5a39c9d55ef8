// Cerium. Licensed under the Apache License 2.0.
#include "base/util/non_blocking_stream.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <string>

namespace cerium {
namespace {

bool isSame(const struct stat& a, const struct stat& b) {
  return a.st_dev == b.st_dev && a.st_ino == b.st_ino && a.st_rdev == b.st_rdev;
}

bool isReady(int fd, std::chrono::milliseconds limit) {
  pollfd ready{fd, POLLOUT, 0};
  return ::poll(&ready, 1, static_cast<int>(limit.count())) > 0;
}

}  // namespace

NonBlockingStream::~NonBlockingStream() {
  if (own_ >= 0) ::close(own_);
}

size_t NonBlockingStream::write(std::string_view bytes) {
  const int fd = target();
  ssize_t n = ::send(fd, bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
  if (n < 0 && errno == ENOTSOCK) {
    if (may_block_ && !isReady(fd, std::chrono::milliseconds(0))) return 0;
    // A pipe that is ready takes at least PIPE_BUF bytes without blocking.
    n = ::write(fd, bytes.data(), may_block_ ? std::min<size_t>(bytes.size(), PIPE_BUF) : bytes.size());
  }
  if (n >= 0) return static_cast<size_t>(n);
  return errno == EAGAIN || errno == EINTR ? 0 : bytes.size();
}

void NonBlockingStream::waitUntilReady(std::chrono::milliseconds limit) const { (void)isReady(fd_, limit); }

int NonBlockingStream::target() {
  struct stat now {};
  const bool can_block = ::fstat(fd_, &now) == 0 && (S_ISFIFO(now.st_mode) || S_ISCHR(now.st_mode));
  struct stat own {};
  const bool is_ours = own_ >= 0 && ::fstat(own_, &own) == 0 && isSame(own, of_own_);
  if (is_ours && can_block && isSame(own, now)) return own_;
  // If own_ is a different file now, the program has closed all descriptors that it does not know, and the number may
  // belong to the program: it is not closed here.
  if (is_ours) ::close(own_);
  const std::string path = fmt::format("/proc/self/fd/{}", fd_);
  own_ = can_block ? ::open(path.c_str(), O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC) : -1;
  of_own_ = now;
  may_block_ = can_block && own_ < 0;  // another user's terminal cannot be opened again
  return own_ >= 0 ? own_ : fd_;
}

}  // namespace cerium
