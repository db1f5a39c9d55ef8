// Cerium. Licensed under the Apache License 2.0.
// Messages of a standalone cluster.
#include "base/protocol/cluster_messages.h"
#include "tests/fuzz/fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace cerium;
  fuzz::decodeAndBack<protocol::ClusterMessage>(
      data, size, [](const auto& message) { return protocol::encodeCluster(message); },
      [](const Bytes& frame) { return protocol::decodeCluster(frame); });
  return 0;
}
