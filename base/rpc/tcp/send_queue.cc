// Cerium. Licensed under the Apache License 2.0.
// Gathers messages into runs. See send_queue.h.
#include "base/rpc/tcp/send_queue.h"

#include <utility>

namespace cerium::rpc {

namespace {

/// Up to this size, copying a message is cheaper than a buffer of its own in the system call.
constexpr size_t kCopiedBytes = 8 << 10;
/// A run of small messages ends at this size, so that its memory is freed soon after it is sent.
constexpr size_t kRunBytes = 64 << 10;

}  // namespace

void SendQueue::push(const FrameHeader& header, Bytes message) {
  const auto head = header.encoded();
  appendToTail(head.data(), head.size());
  if (message.size() <= kCopiedBytes) {
    appendToTail(message.data(), message.size());
  } else {
    runs_.push_back(std::move(message));
    tail_is_open_ = false;
  }
}

void SendQueue::consume(size_t count) {
  while (count > 0) {
    const size_t left = runs_[first_].size() - taken_;
    if (count < left) {
      taken_ += count;
      return;
    }
    count -= left;
    runs_[first_++] = Bytes();
    taken_ = 0;
  }
  if (empty()) clear();
}

void SendQueue::clear() {
  runs_.clear();
  first_ = taken_ = 0;
  tail_is_open_ = false;
}

void SendQueue::appendToTail(const void* data, size_t size) {
  if (!tail_is_open_ || runs_.back().size() >= kRunBytes) {
    runs_.emplace_back();
    tail_is_open_ = true;
  }
  runs_.back().append(data, size);
}

}  // namespace cerium::rpc
