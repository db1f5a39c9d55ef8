// Cerium. Licensed under the Apache License 2.0.
// Messages of a standalone cluster.
#include "base/protocol/cluster_messages.h"
#include "tests/fuzz/fuzz.h"

namespace {

using namespace cerium;

Bytes encode(const protocol::ClusterMessage& message) { return protocol::encodeCluster(message); }

}  // namespace

std::vector<std::string> cerium::fuzz::seeds() { return seedsOfEachKind<protocol::ClusterMessage>(encode); }

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  fuzz::decodeAndBack<protocol::ClusterMessage>(data, size, encode, protocol::decodeCluster);
  return 0;
}
