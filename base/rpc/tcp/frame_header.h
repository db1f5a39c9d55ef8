// Cerium. Licensed under the Apache License 2.0.
// What stands before each message on a TCP stream: its length, the XXH3 of its bytes, and a sum of these two, each a
// u64 in little-endian. TCP's own 16-bit sum lets damage through now and then (a bad cable, memory of a switch): with
// these no flipped bit is taken for a message, and none in a length makes the reader wait for bytes that never come.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace cerium::rpc {

struct FrameHeader {
  static constexpr size_t kBytes = 24;

  uint64_t length = 0;
  uint64_t checksum = 0;  ///< Of the message.

  static FrameHeader of(std::string_view message);
  [[nodiscard]] std::array<char, kBytes> encoded() const;
  /// REQUIRES: kBytes at `bytes`. Throws CorruptData where they do not match their own checksum.
  static FrameHeader decode(const char* bytes);
  /// Throws CorruptData where `message` is not what was sent.
  void verify(std::string_view message) const;
};

}  // namespace cerium::rpc
