// Cerium. Licensed under the Apache License 2.0.
// File descriptors: the system's numbers for files, pipes and sockets.
#pragma once

#include <string_view>
#include <utility>

namespace cerium {

/// Owns a file descriptor and closes it. Threads: as an int.
class Descriptor {
 public:
  /// `fd` -1 means none.
  explicit Descriptor(int fd = -1) : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~Descriptor() { (void)close(); }

  [[nodiscard]] int get() const { return fd_; }
  [[nodiscard]] bool isOpen() const { return fd_ >= 0; }
  /// Closes the descriptor. Returns 0 or errno; some file systems report the error of an earlier write here.
  int close();

 private:
  int fd_;
};

/// Writes all bytes. Returns 0 or errno.
[[nodiscard]] int writeAll(int fd, std::string_view bytes);

}  // namespace cerium
