// Cerium. Licensed under the Apache License 2.0.
// Captures this process's stderr, mainly its log, for a test.
#pragma once

#include <fcntl.h>
#include <unistd.h>

#include <chrono>
#include <fstream>
#include <sstream>
#include <string>

#include "base/util/log.h"

namespace cerium::testing {

/// Redirects stderr to a file while it lives.
class StderrFile {
 public:
  explicit StderrFile(std::string path) : path_(std::move(path)), before_(::dup(STDERR_FILENO)) {
    const int file = ::open(path_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    ::dup2(file, STDERR_FILENO);
    ::close(file);
  }
  ~StderrFile() {
    log::flush(std::chrono::seconds(10));
    ::dup2(before_, STDERR_FILENO);
    ::close(before_);
  }
  StderrFile(const StderrFile&) = delete;
  StderrFile& operator=(const StderrFile&) = delete;

  [[nodiscard]] std::string text() const {
    std::ostringstream all;
    all << std::ifstream(path_).rdbuf();
    return all.str();
  }
  [[nodiscard]] bool says(const std::string& part) const { return text().find(part) != std::string::npos; }

 private:
  const std::string path_;
  const int before_;
};

}  // namespace cerium::testing
