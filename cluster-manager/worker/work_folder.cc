// Cerium. Licensed under the Apache License 2.0.
#include "cluster-manager/worker/work_folder.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>

#include "base/util/error.h"
#include "base/util/host_name.h"
#include "base/util/printable.h"

namespace cerium::cluster_manager {
namespace {

constexpr int kMostTried = 100;  // more workers than this of one user are a mistake

/// Names of application folders do not begin with a dot.
std::string lockFile(const std::string& folder) { return folder + "/.lock"; }

std::string holderOf(const std::string& folder) {
  const int fd = ::open(lockFile(folder).c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return "another worker";
  std::array<char, 256> text{};
  const ssize_t count = ::read(fd, text.data(), text.size());
  ::close(fd);
  return count > 0 ? printable({text.data(), static_cast<size_t>(count)}) : "another worker";
}

std::string ownName() { return fmt::format("process {} on {}", ::getpid(), hostName()); }

}  // namespace

WorkFolder::WorkFolder(const std::string& path, IfInUse if_in_use) {
  if (tryLock(path)) return;
  if (if_in_use == IfInUse::kFail) {
    throw InvalidArgument(
        fmt::format("another worker ({}) uses the work folder {}; give this one a folder of its own with --work-dir",
                    holderOf(path), path));
  }
  for (int i = 2; i <= kMostTried; ++i) {
    if (tryLock(fmt::format("{}-{}", path, i))) return;
  }
  throw InvalidArgument(fmt::format("{} workers use the work folders {} to {}-{}; name another with --work-dir",
                                    kMostTried, path, path, kMostTried));
}

WorkFolder::~WorkFolder() {
  if (fd_ >= 0) ::close(fd_);
}

bool WorkFolder::tryLock(const std::string& path) {
  std::error_code error;
  std::filesystem::create_directories(path, error);
  if (error) throw IoError(fmt::format("cannot make the work folder {}: {}", path, error.message()));
  if (::chmod(path.c_str(), 0700) != 0)
    throw IoError(fmt::format("the work folder {} does not belong to this user: {}", path, std::strerror(errno)));
  const std::string file = lockFile(path);
  const int fd = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (fd < 0) throw IoError(fmt::format("cannot open {}: {}", file, std::strerror(errno)));
  if (::flock(fd, LOCK_EX | LOCK_NB) != 0) {
    const int why = errno;
    ::close(fd);
    if (why == EWOULDBLOCK) return false;
    throw IoError(
        fmt::format("cannot lock {}: {}; name a folder on a local disk with --work-dir", file, std::strerror(why)));
  }
  // For the error of another worker that finds the folder locked. The lock holds even if a full disk prevents this.
  const std::string name = ownName();
  [[maybe_unused]] const bool written = ::ftruncate(fd, 0) == 0 && ::pwrite(fd, name.data(), name.size(), 0) > 0;
  fd_ = fd;
  path_ = path;
  return true;
}

}  // namespace cerium::cluster_manager
