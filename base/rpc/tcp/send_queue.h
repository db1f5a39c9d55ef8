// Cerium. Licensed under the Apache License 2.0.
// Messages to be sent, gathered into few large runs of bytes, so that one system call takes many messages. Small
// messages are copied behind one another; large messages keep their own memory. The format is in frame_header.h.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "base/rpc/tcp/frame_header.h"
#include "base/util/bytes.h"

namespace cerium::rpc {

/// Threads: externally synchronised. Runs from forFront() stay in place until the next push().
class SendQueue {
 public:
  /// Appends a message behind its header, FrameHeader::of(message.view()).
  void push(const FrameHeader& header, Bytes message);

  [[nodiscard]] bool empty() const { return first_ == runs_.size(); }

  /// Calls fn(std::span<const char>) for the runs at the front, at most `limit` of them.
  template <typename Fn>
  void forFront(size_t limit, Fn fn) const {
    for (size_t i = first_; i < runs_.size() && i < first_ + limit; ++i) {
      const size_t skip = i == first_ ? taken_ : 0;
      fn(std::span<const char>(runs_[i].data() + skip, runs_[i].size() - skip));
    }
  }

  /// Tells that the network took the first `count` bytes. REQUIRES: count <= the bytes that forFront() showed.
  void consume(size_t count);

  void clear();

 private:
  void appendToTail(const void* data, size_t size);

  std::vector<Bytes> runs_;    // None is empty.
  size_t first_ = 0;           // Runs before it are sent.
  size_t taken_ = 0;           // Bytes of runs_[first_] that are sent.
  bool tail_is_open_ = false;  // The last run is made of small messages and may grow.
};

}  // namespace cerium::rpc
