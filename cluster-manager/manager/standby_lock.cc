// Cerium. Licensed under the Apache License 2.0.
#include "cluster-manager/manager/standby_lock.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "base/util/error.h"

namespace cerium::cluster_manager {

StandbyLock::StandbyLock(const std::string& folder)
    : path_(folder + "/manager.lock"), fd_(::open(path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600)) {
  if (fd_ < 0) throw IoError(fmt::format("cannot open {}: {}", path_, std::strerror(errno)));
}

StandbyLock::~StandbyLock() { ::close(fd_); }

bool StandbyLock::tryLock(const std::string& who) {
  // The lock belongs to the open file, not to the process: two managers in one process exclude each other too.
  struct flock lock {};
  lock.l_type = F_WRLCK;
  lock.l_whence = SEEK_SET;
  if (::fcntl(fd_, F_OFD_SETLK, &lock) != 0) {
    if (errno == EAGAIN || errno == EACCES) return false;
    throw IoError(fmt::format("cannot lock {}: {}", path_, std::strerror(errno)));
  }
  const std::string line = who + "\n";
  if (::ftruncate(fd_, 0) != 0 || ::pwrite(fd_, line.data(), line.size(), 0) != static_cast<ssize_t>(line.size()))
    throw IoError(fmt::format("cannot write {}: {}", path_, std::strerror(errno)));
  return true;
}

std::string StandbyLock::holder() const {
  std::array<char, 256> text{};
  const ssize_t count = ::pread(fd_, text.data(), text.size(), 0);
  std::string line(text.data(), count < 0 ? 0 : static_cast<size_t>(count));
  return line.substr(0, line.find('\n'));
}

}  // namespace cerium::cluster_manager
