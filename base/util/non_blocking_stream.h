// Cerium. Licensed under the Apache License 2.0.
// A standard stream of this process that never blocks: it takes bytes at once or not at all. An event loop must not
// wait for a pipe, terminal or journal that is not being read.
#pragma once

#include <sys/stat.h>

#include <chrono>
#include <cstddef>
#include <string_view>

namespace cerium {

/// Writes to a descriptor that other processes may share, and does not change its flags. Follows a dup2() onto the
/// descriptor. Threads: externally synchronised; waitUntilReady() may run beside the other members.
class NonBlockingStream {
 public:
  /// The caller keeps ownership of `fd`.
  explicit NonBlockingStream(int fd) : fd_(fd) {}
  ~NonBlockingStream();
  NonBlockingStream(const NonBlockingStream&) = delete;
  NonBlockingStream& operator=(const NonBlockingStream&) = delete;

  /// Writes from the front of `bytes` and returns how many were taken. Bytes that can never be written (the reader is
  /// gone) count as taken.
  [[nodiscard]] size_t write(std::string_view bytes);
  /// Returns when the stream takes bytes again, or after `limit`.
  void waitUntilReady(std::chrono::milliseconds limit) const;

 private:
  int target();

  const int fd_;
  int own_ = -1;  ///< The same pipe or terminal, opened again: O_NONBLOCK on it does not affect other processes.
  struct stat of_own_ {};   ///< The file that own_ was when it was opened.
  bool may_block_ = false;  ///< target() returned fd_, and writing to it may block.
};

}  // namespace cerium
