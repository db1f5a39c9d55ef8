// Cerium. Licensed under the Apache License 2.0.
// Messages between a driver, its executors and readers of blocks.
#include "base/protocol/messages.h"
#include "tests/fuzz/fuzz.h"

namespace {

using namespace cerium;

Bytes encode(const protocol::Message& message) { return protocol::encode(message); }

}  // namespace

std::vector<std::string> cerium::fuzz::seeds() { return seedsOfEachKind<protocol::Message>(encode); }

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  fuzz::decodeAndBack<protocol::Message>(data, size, encode, protocol::decode);
  return 0;
}
