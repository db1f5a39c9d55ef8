// Cerium. Licensed under the Apache License 2.0.
// The folder in which a worker keeps fetched files and logs. Two workers with one folder would delete each other's
// files, so each worker locks its folder; this also works for machines that share a home folder.
#pragma once

#include <string>

namespace cerium::cluster_manager {

/// A locked folder. The kernel (or the file server) releases the lock when the process ends, in whatever way. Threads:
/// externally synchronised.
class WorkFolder {
 public:
  /// What to do if another worker uses the folder.
  enum class IfInUse { kFail, kTakeNext };

  /// Makes the folder (mode 0700) and locks it; with kTakeNext the first unused one of PATH, PATH-2, PATH-3... Throws
  /// InvalidArgument that names the folder and its user, and IoError if the folder cannot be made or locked.
  WorkFolder(const std::string& path, IfInUse if_in_use);
  ~WorkFolder();
  WorkFolder(const WorkFolder&) = delete;
  WorkFolder& operator=(const WorkFolder&) = delete;

  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  [[nodiscard]] bool tryLock(const std::string& path);

  std::string path_;
  int fd_ = -1;
};

}  // namespace cerium::cluster_manager
