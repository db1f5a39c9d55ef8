// Cerium. Licensed under the Apache License 2.0.
// Cuts the bytes of a TCP stream into messages. A frame is a FrameHeader and the message; the length may be 0. Small
// messages are copied out of one staging buffer; the rest of a large message is received into its final memory. No
// sockets here.
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

/// Use: receive into space(), tell received(), then call next() until it returns nothing. Threads: externally
/// synchronised.
class FrameReader {
 public:
  explicit FrameReader(uint64_t max_message_bytes);

  /// The memory for the next bytes from the network, filled in this order; the second part may be empty. REQUIRES:
  /// next() returned nothing since the last received().
  [[nodiscard]] std::array<std::span<char>, 2> space();

  /// Tells that `count` bytes were written to space().
  void received(size_t count);

  /// The next whole message, or nothing yet. Throws CorruptData if the header or the message does not match its
  /// checksum, or if the announced length exceeds the limit (no memory is allocated for it). After that the stream
  /// cannot be read on.
  [[nodiscard]] std::optional<Bytes> next();

  /// Drops received bytes: the stream's messages are no longer wanted.
  void discard();

  /// True in the middle of a frame: an end of the stream here means lost bytes.
  [[nodiscard]] bool isInsideFrame() const { return in_message_ || begin_ != end_; }

 private:
  static constexpr size_t kStagingBytes = 128 << 10;
  /// Memory is allocated for this much of an announced message; beyond it, only as much again as has arrived.
  static constexpr size_t kTrustedBytes = 8 << 20;

  [[nodiscard]] bool takeHeader();

  const uint64_t max_message_bytes_;
  std::unique_ptr<char[]> staging_;
  size_t begin_ = 0;  // Unread staging bytes are [begin_, end_).
  size_t end_ = 0;
  bool in_message_ = false;
  FrameHeader header_;  // The header of message_, while in_message_.
  Bytes message_;
  size_t message_space_ = 0;  // Bytes at the end of message_ that space() returned.
};

}  // namespace cerium::rpc
