// Cerium. Licensed under the Apache License 2.0.
// The folder into which the executors of a local cluster write their logs.
#pragma once

#include <string>

namespace cerium {

/// An application's folder. Those of applications that have ended stay, so that their logs can be read; of many, the
/// oldest go. Threads: externally synchronised.
class LogFolder {
 public:
  static constexpr size_t kKept = 100;

  /// Makes the folder APPLICATION (0700) in `parent`, which is the user's state folder where it is empty. In that one,
  /// but not in one that somebody chose, it removes the oldest of other applications' folders until kKept are left, and
  /// none of a driver that still runs. Throws IoError where the folder cannot be made.
  LogFolder(const std::string& parent, const std::string& application);
  ~LogFolder();
  LogFolder(const LogFolder&) = delete;
  LogFolder& operator=(const LogFolder&) = delete;

  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string path_;
  int fd_ = -1;  ///< Locked while this lives: the folder is in use.
};

}  // namespace cerium
