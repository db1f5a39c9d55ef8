// Cerium. Licensed under the Apache License 2.0.
// The stream of bytes that a connection cuts into messages, in pieces of any size.
#include <algorithm>

#include "base/rpc/tcp/frame_reader.h"
#include "tests/fuzz/fuzz.h"

using namespace cerium;

namespace {

std::string frame(std::string_view message) {
  const auto head = rpc::FrameHeader::of(message).encoded();
  return std::string(head.data(), head.size()) + std::string(message);
}

}  // namespace

std::vector<std::string> fuzz::seeds() {
  const std::string one_then_empty = frame("one") + frame("");
  // a byte at a time, eight, all at once
  return {'\0' + one_then_empty, '\7' + one_then_empty, '\xff' + one_then_empty};
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 1) return 0;
  const size_t piece = 1 + data[0];
  size_t at = 1;
  size_t delivered = 0;
  rpc::FrameReader reader(1 << 20);
  try {
    while (at < size) {
      const auto space = reader.space();
      size_t n = std::min(piece, size - at);
      n = std::min(n, space[0].size() + space[1].size());
      fuzz::check(n > 0, "the reader has no room");
      const size_t head = std::min(n, space[0].size());
      std::memcpy(space[0].data(), data + at, head);
      if (n > head) std::memcpy(space[1].data(), data + at + head, n - head);
      reader.received(n);
      at += n;
      while (auto message = reader.next()) delivered += rpc::FrameHeader::kBytes + message->size();
    }
    fuzz::check(delivered <= size, "more was delivered than had come");
    fuzz::check(reader.isInsideFrame() == (delivered != size - 1), "the reader does not know where it stands");
    if (!reader.isInsideFrame()) fuzz::decodedWhole();
  } catch (const CorruptData&) {
  }
  return 0;
}
