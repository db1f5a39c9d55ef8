// Cerium. Licensed under the Apache License 2.0.
// The folder in which a worker keeps what it fetches and logs. Two workers with one folder would delete what the other
// runs, so each locks its own: workers of one machine, or of several that share a home.
#pragma once

#include <string>

namespace cerium::cluster_manager {

/// Locked while this lives; the kernel (or the file server) lets go of it however the process ends.
/// Threads: externally synchronised.
class WorkFolder {
 public:
  /// What to do where another worker has the folder.
  enum class IfInUse { kFail, kTakeNext };

  /// Makes the folder (0700) and locks it, or with kTakeNext the first of PATH, PATH-2, PATH-3... that nobody has.
  /// Throws InvalidArgument that names the folder in use and who has it, IoError where it cannot be made or locked.
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
