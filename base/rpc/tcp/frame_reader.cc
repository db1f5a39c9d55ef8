// Cerium. Licensed under the Apache License 2.0.
// The frame reader's buffers. See frame_reader.h for the format.
#include "base/rpc/tcp/frame_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/util/error.h"

namespace cerium::rpc {

FrameReader::FrameReader(uint64_t max_message_bytes)
    : max_message_bytes_(max_message_bytes), staging_(std::make_unique_for_overwrite<char[]>(kStagingBytes)) {}

std::array<std::span<char>, 2> FrameReader::space() {
  std::span<char> staging(staging_.get() + end_, kStagingBytes - end_);
  if (!in_message_) return {staging, {}};
  const size_t have = message_.size();
  const size_t missing = header_.length - have;
  message_space_ = std::min(missing, std::max(kTrustedBytes, have));
  char* place = message_.grow(message_space_);
  // The next frames may arrive with the same system call, but only if there is room for the whole rest of this message.
  return {std::span<char>(place, message_space_), message_space_ == missing ? staging : std::span<char>()};
}

void FrameReader::received(size_t count) {
  if (in_message_) {
    const size_t to_message = std::min(count, message_space_);
    message_.truncate(message_.size() - message_space_ + to_message);
    message_space_ = 0;
    count -= to_message;
  }
  end_ += count;
}

std::optional<Bytes> FrameReader::next() {
  if (!in_message_ && !takeHeader()) return std::nullopt;
  const size_t length = header_.length;
  const size_t missing = std::min(length - message_.size(), end_ - begin_);
  if (missing > 0) {
    message_.reserve(std::min(length, kTrustedBytes));
    message_.append(staging_.get() + begin_, missing);
    begin_ += missing;
  }
  if (begin_ == end_) begin_ = end_ = 0;
  if (message_.size() < length) return std::nullopt;
  header_.verify(message_.view());
  in_message_ = false;
  return std::exchange(message_, Bytes());
}

void FrameReader::discard() {
  begin_ = end_ = 0;
  in_message_ = false;
  message_ = Bytes();
}

bool FrameReader::takeHeader() {
  if (end_ - begin_ < FrameHeader::kBytes) {
    // Part of a header stays. It moves to the front, so that the rest of the buffer is free.
    std::memmove(staging_.get(), staging_.get() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
    return false;
  }
  header_ = FrameHeader::decode(staging_.get() + begin_);
  if (header_.length > max_message_bytes_)
    throw CorruptData(
        fmt::format("the peer announced a message of {} bytes, over the limit of {}; raise max_message_bytes "
                    "or send less at once",
                    header_.length, max_message_bytes_));
  begin_ += FrameHeader::kBytes;
  in_message_ = true;
  return true;
}

}  // namespace cerium::rpc
