// Cerium. Licensed under the Apache License 2.0.
// A standard stream of this process as something that takes bytes at once or not at all: whoever has a loop to run must
// not wait for a pipe, a terminal or a journal that nobody reads.
#pragma once

#include <sys/stat.h>

#include <chrono>
#include <cstddef>
#include <string_view>

namespace cerium {

/// Writes to a descriptor that others may share, and leaves its flags alone. Follows a dup2() onto the descriptor.
/// Threads: externally synchronised; waitUntilReady() beside the others.
class NonBlockingStream {
 public:
  /// `fd` belongs to the caller.
  explicit NonBlockingStream(int fd) : fd_(fd) {}
  ~NonBlockingStream();
  NonBlockingStream(const NonBlockingStream&) = delete;
  NonBlockingStream& operator=(const NonBlockingStream&) = delete;

  /// How many bytes of the front it took. Those that it will never take (its reader is gone) count as taken.
  [[nodiscard]] size_t write(std::string_view bytes);
  /// Returns when it takes bytes again, or at the end of the limit.
  void waitUntilReady(std::chrono::milliseconds limit) const;

 private:
  int target();

  const int fd_;
  int own_ = -1;            ///< The same pipe or terminal, opened once more: what is set for it is not set for others.
  struct stat of_own_ {};   ///< What own_ was when it was opened.
  bool may_block_ = false;  ///< What target() gave, which is fd_ then.
};

}  // namespace cerium
