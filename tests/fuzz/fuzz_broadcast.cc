// Cerium. Licensed under the Apache License 2.0.
// A broadcast as an executor fetches it: the driver's description and the chunks of its holders.
#include "executor/blocks/broadcast_cache.h"
#include "tests/fuzz/scripted_peer.h"

using namespace cerium;

namespace {

Bytes chunk(int64_t request, const std::string& contents) {
  const uint64_t checksum = hashBytes(contents.data(), contents.size());
  return protocol::encode(protocol::BlockPiece{.request = request,
                                               .segments = {{0, contents.size(), contents.size(), checksum}},
                                               .last = true,
                                               .bytes = Bytes(contents)});
}

Bytes info(uint64_t bytes, uint64_t chunk_bytes, const std::vector<protocol::Peer>& holders) {
  return protocol::encode(protocol::BroadcastInfo{1, bytes, chunk_bytes, holders, "", ""});
}

}  // namespace

std::vector<std::string> fuzz::seeds() {
  const std::vector<protocol::Peer> one = {{0, "script", 1}};
  const std::vector<protocol::Peer> two = {{0, "script", 1}, {1, "nobody", 2}};
  // Chunks are fetched in any order, so the chunks of a value have the same size here.
  return {
      fuzz::asInput({info(5, 8, one), chunk(0, "value")}),
      fuzz::asInput({info(8, 4, two), chunk(0, "some"), chunk(1, "more")}),
      fuzz::asInput({info(0, 4, two)}),
  };
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto frames = fuzz::framesIn(fuzz::textOf(data, size));
  if (frames.empty()) return 0;
  protocol::Message first;
  try {
    first = protocol::decode(frames.front());
  } catch (const CorruptData&) {
    return 0;
  }
  const auto* said = std::get_if<protocol::BroadcastInfo>(&first);
  if (said == nullptr) return 0;
  static fuzz::ScriptedPeer peer(fuzz::ScriptedPeer::Manner::kAllAtOnce);
  static const auto transport = rpc::makeLoopbackTransport(peer.network(), {.secret = fuzz::ScriptedPeer::kSecret});
  peer.say({frames.begin() + 1, frames.end()});
  BlockClient client(*transport);
  BroadcastCache cache(client);
  try {
    fuzz::check(cache.fetch(*said)->size() == said->bytes, "a broadcast has another size than it was said to have");
    fuzz::decodedWhole();
  } catch (const IoError&) {
  } catch (const CorruptData&) {
  }
  return 0;
}
