// Cerium. Licensed under the Apache License 2.0.
// Cuts the bytes of a TCP stream into messages. A frame is a FrameHeader and as many bytes as it says; length 0 is an
// empty message. Small messages are copied out of one staging buffer, the rest of a large one is
// received where it will stay. No sockets here.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>

#include "base/rpc/tcp/frame_header.h"
#include "base/util/bytes.h"

namespace cerium::rpc {

/// Use: receive into space(), tell received(), then take messages from next() until it has none.
/// Threads: externally synchronised.
class FrameReader {
 public:
  explicit FrameReader(uint64_t max_message_bytes);

  /// Where the next bytes from the network go, in this order; the second part may be empty.
  /// REQUIRES: next() returned nothing since the last received().
  [[nodiscard]] std::array<std::span<char>, 2> space();

  /// `count` bytes were written to what space() returned.
  void received(size_t count);

  /// The next whole message. Throws CorruptData when it, or its header, does not match its checksum, and when the peer
  /// announces one over the limit, for which no memory is allocated. The stream cannot be read further then.
  [[nodiscard]] std::optional<Bytes> next();

  /// Forgets what was received: the stream's messages are not wanted any more.
  void discard();

  /// True when the stream stands inside a frame: an end here lost bytes.
  [[nodiscard]] bool isInsideFrame() const { return in_message_ || begin_ != end_; }

 private:
  static constexpr size_t kStagingBytes = 128 << 10;
  /// Memory is taken for this much of an announced message; beyond it, as much again as has really arrived.
  static constexpr size_t kTrustedBytes = 8 << 20;

  [[nodiscard]] bool takeHeader();

  const uint64_t max_message_bytes_;
  std::unique_ptr<char[]> staging_;
  size_t begin_ = 0;  // Unread staging bytes are [begin_, end_).
  size_t end_ = 0;
  bool in_message_ = false;
  FrameHeader header_;  // Of message_, while in_message_.
  Bytes message_;
  size_t message_space_ = 0;  // Bytes at the end of message_ that space() gave out.
};

}  // namespace cerium::rpc
