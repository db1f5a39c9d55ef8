// Cerium. Licensed under the Apache License 2.0.
// Decides which of several managers is in charge: the one that holds the lock in their common folder. The kernel (or
// the file server) releases it when its holder ends, in whatever way.
#pragma once

#include <string>

namespace cerium::cluster_manager {

/// The lock of one manager. Threads: externally synchronised.
class StandbyLock {
 public:
  /// Opens folder/manager.lock. Throws IoError.
  explicit StandbyLock(const std::string& folder);
  /// Releases the lock.
  ~StandbyLock();
  StandbyLock(const StandbyLock&) = delete;
  StandbyLock& operator=(const StandbyLock&) = delete;

  /// Takes the lock if it is free; returns whether it is held. Then the file contains `who`, a line for people. Never
  /// blocks. Throws IoError if the file system has no locks.
  [[nodiscard]] bool tryLock(const std::string& who);
  /// The line that the holder wrote.
  [[nodiscard]] std::string holder() const;

 private:
  const std::string path_;
  int fd_ = -1;
};

}  // namespace cerium::cluster_manager
