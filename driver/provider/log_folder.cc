// Cerium. Licensed under the Apache License 2.0.
#include "driver/provider/log_folder.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <vector>

#include "base/util/user_folders.h"
#include "rdd/io/record_file.h"

namespace cerium {
namespace {

namespace fs = std::filesystem;

int openLocked(const std::string& path, int operation) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
  if (fd < 0 || ::flock(fd, operation | LOCK_NB) == 0) return fd;
  ::close(fd);
  return -1;
}

/// Of applications that no driver of this machine runs any more.
void removeOldest(const std::string& parent) {
  std::vector<fs::path> folders;
  std::error_code error;
  for (fs::directory_iterator entry(parent, error), end; !error && entry != end; entry.increment(error)) {
    if (entry->path().filename().string().starts_with("app-")) folders.push_back(*entry);
  }
  if (folders.size() <= LogFolder::kKept) return;
  std::sort(folders.begin(), folders.end());  // by the time in their names
  folders.resize(folders.size() - LogFolder::kKept);
  for (const fs::path& each : folders) {
    const int fd = openLocked(each, LOCK_EX);
    if (fd < 0) continue;
    fs::remove_all(each, error);
    ::close(fd);
  }
}

}  // namespace

LogFolder::LogFolder(const std::string& parent, const std::string& application)
    : path_((parent.empty() ? stateFolder() : parent) + "/" + application) {
  io::makeFolder(path_);
  ::chmod(path_.c_str(), 0700);
  fd_ = openLocked(path_, LOCK_SH);
  if (parent.empty()) removeOldest(stateFolder());
}

LogFolder::~LogFolder() {
  if (fd_ >= 0) ::close(fd_);
}

}  // namespace cerium
