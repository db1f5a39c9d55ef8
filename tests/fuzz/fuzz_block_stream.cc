// Cerium. Licensed under the Apache License 2.0.
// Blocks as an executor receives them: pieces make segments, segments come in map order, and records are decoded.
#include <utility>

#include "executor/blocks/remote_shuffle.h"
#include "rdd/shuffle/shuffle_reader.h"
#include "tests/fuzz/scripted_peer.h"
#include "tests/support/fake_services.h"

using namespace cerium;

namespace {

using Record = std::pair<std::string, int64_t>;
using Piece = protocol::BlockPiece;

constexpr int kMaps = 4;

Bytes runOf(const std::vector<Record>& records) {
  Bytes bytes;
  Writer out(bytes);
  encodeRecords(out, records.data(), records.size());
  return bytes;
}

/// Reads the output of maps 0 to 3 of another executor for two reduce partitions. Returns false if it is refused.
bool readShuffle(std::string_view input) {
  static fuzz::ScriptedPeer peer(fuzz::ScriptedPeer::Manner::kAllAtOnce);
  static const auto transport = rpc::makeLoopbackTransport(peer.network(), {.secret = fuzz::ScriptedPeer::kSecret});
  peer.say(fuzz::framesIn(input));
  BlockClient client(*transport);
  testing::FakeTask task(size_t{1} << 20);
  ShuffleStore local(task.services.memory());
  auto outputs = std::make_shared<protocol::ShuffleLocations>();
  outputs->executors.resize(kMaps, 1);
  outputs->checksums.resize(kMaps);
  const RemoteShuffle::Where where{ExecutorId(0), std::move(outputs), {{1, fuzz::ScriptedPeer::address()}}};
  try {
    const ShuffleRange range{ShuffleId(7), 0, 2, 0, kMaps, 2};
    RemoteSegments segments(
        task.context, std::make_shared<RemoteShuffle>(task.context, range, where, RemoteShuffle::Stores{local, client}),
        range);
    size_t received = 0;
    while (auto segment = segments.next()) {
      received += segment->encoded->size();
      DecodeStream<Record> records(segment->encoded->view(), segment->encoded);
      while (records.next().size > 0) {
      }
    }
    fuzz::check(received <= input.size(), "more was received than was sent");
    return true;
  } catch (const FetchFailed&) {
  } catch (const CorruptData&) {
  }
  return false;
}

/// `part` bytes of a segment.
Piece::Segment segment(int map, const Bytes& whole, size_t part) {
  return {map, whole.size(), part, hashBytes(whole.data(), whole.size()), 0};
}

std::string pieces(const std::vector<Piece>& all) {
  std::vector<Bytes> frames;
  for (const Piece& piece : all) frames.push_back(protocol::encode(piece));
  return fuzz::asInput(frames);
}

}  // namespace

std::vector<std::string> fuzz::seeds() {
  const Bytes first = runOf({{"one", 1}, {"two", 2}});
  const Bytes second = runOf({{"", -1}});
  const std::string both = std::string(first.view()) + std::string(second.view());
  const size_t cut = first.size() / 2;
  const Bytes head(first.view().substr(0, cut));
  const Bytes tail(both.substr(cut));
  return {
      pieces({Piece{.request = 0, .last = true}}),
      pieces({Piece{.request = 0,
                    .segments = {segment(0, first, first.size()), segment(3, second, second.size())},
                    .last = true,
                    .bytes = Bytes(both)}}),
      pieces({Piece{.request = 0, .segments = {segment(1, first, cut)}, .bytes = head},
              Piece{.request = 0,
                    .segments = {segment(1, first, first.size() - cut), segment(2, second, second.size())},
                    .last = true,
                    .bytes = tail}}),
  };
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (readShuffle(fuzz::textOf(data, size))) fuzz::decodedWhole();
  return 0;
}
