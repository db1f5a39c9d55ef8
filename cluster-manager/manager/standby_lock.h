// Cerium. Licensed under the Apache License 2.0.
// Which of several managers is in charge: the one that holds the lock of their common folder. The kernel (or the file
// server) lets go of it when its holder ends, however that ends.
#pragma once

#include <string>

namespace cerium::cluster_manager {

/// Threads: externally synchronised.
class StandbyLock {
 public:
  /// Opens folder/manager.lock. Throws IoError.
  explicit StandbyLock(const std::string& folder);
  /// Lets go of it.
  ~StandbyLock();
  StandbyLock(const StandbyLock&) = delete;
  StandbyLock& operator=(const StandbyLock&) = delete;

  /// True where it is (now) held; then `who`, a line for people, stands in the file. Never blocks. Throws IoError where
  /// the file system has no locks.
  [[nodiscard]] bool tryLock(const std::string& who);
  /// What its holder wrote.
  [[nodiscard]] std::string holder() const;

 private:
  const std::string path_;
  int fd_ = -1;
};

}  // namespace cerium::cluster_manager
