// Cerium. Licensed under the Apache License 2.0.
// Damages this process's data on disk.
#pragma once

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <string>

namespace cerium::testing {

/// The path under /proc of the nameless file in `folder` that this process has open.
inline std::string openFileIn(const std::string& folder) {
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
    std::error_code gone;
    const auto target = std::filesystem::read_symlink(entry.path(), gone);
    if (!gone && target.string().starts_with(folder + "/")) return entry.path();
  }
  return {};
}

/// Flips a bit in every 16 bytes of that file.
inline void flipBitsIn(const std::string& folder) {
  const int fd = ::open(openFileIn(folder).c_str(), O_RDWR);
  REQUIRE(fd >= 0);
  struct stat about {};
  REQUIRE(::fstat(fd, &about) == 0);
  std::string bytes(static_cast<size_t>(about.st_size), '\0');
  REQUIRE(::pread(fd, bytes.data(), bytes.size(), 0) == about.st_size);
  for (size_t i = 0; i < bytes.size(); i += 16) bytes[i] = static_cast<char>(bytes[i] ^ 4);
  REQUIRE(::pwrite(fd, bytes.data(), bytes.size(), 0) == about.st_size);
  ::close(fd);
}

}  // namespace cerium::testing
