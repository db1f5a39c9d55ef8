// Cerium. Licensed under the Apache License 2.0.
// What the system gives numbers to: files, pipes, sockets.
#pragma once

#include <string_view>
#include <utility>

namespace cerium {

/// Owns one, and closes it. Threads: as an int.
class Descriptor {
 public:
  /// -1: none.
  explicit Descriptor(int fd = -1) : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~Descriptor() { (void)close(); }

  [[nodiscard]] int get() const { return fd_; }
  [[nodiscard]] bool isOpen() const { return fd_ >= 0; }
  /// 0, or the error; of some file systems, that of an earlier write.
  int close();

 private:
  int fd_;
};

/// Writes all of it; 0, or the error.
[[nodiscard]] int writeAll(int fd, std::string_view bytes);

}  // namespace cerium
