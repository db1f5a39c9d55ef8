// Cerium. Licensed under the Apache License 2.0.
// Messages between a driver, its executors and those who fetch blocks.
#include "base/protocol/messages.h"
#include "tests/fuzz/fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace cerium;
  fuzz::decodeAndBack<protocol::Message>(
      data, size, [](const auto& message) { return protocol::encode(message); },
      [](const Bytes& frame) { return protocol::decode(frame); });
  return 0;
}
