// Cerium. Licensed under the Apache License 2.0.
// The header before each message on a TCP stream: the message's length, its XXH3, and a checksum of these two, each a
// u64 in little-endian. TCP's own 16-bit checksum sometimes misses damage (a bad cable, a switch's memory). With this
// header a flipped bit never becomes part of a message, and a damaged length does not make the reader wait for bytes
// that never come.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace cerium::rpc {

/// The header of one message.
struct FrameHeader {
  static constexpr size_t kBytes = 24;

  uint64_t length = 0;
  uint64_t checksum = 0;  ///< Of the message.

  static FrameHeader of(std::string_view message);
  [[nodiscard]] std::array<char, kBytes> encoded() const;
  /// REQUIRES: kBytes bytes at `bytes`. Throws CorruptData if they do not match their checksum.
  static FrameHeader decode(const char* bytes);
  /// Throws CorruptData if `message` does not match the checksum.
  void verify(std::string_view message) const;
};

}  // namespace cerium::rpc
