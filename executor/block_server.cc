// Cerium. Licensed under the Apache License 2.0.
#include "executor/block_server.h"

#include <algorithm>
#include <deque>

#include "base/util/exception_text.h"

namespace cerium {
namespace {

// Large enough that a piece's fixed cost vanishes, small enough that two under way to each of many readers are little.
constexpr size_t kPieceBytes = size_t{4} << 20;
// Streams that readers opened and abandoned on a connection that lives; each costs little, but not nothing.
constexpr size_t kMaxStreams = 100'000;

protocol::BlockPiece refusal(int64_t request, const std::string& why) {
  protocol::BlockPiece piece;
  piece.request = request;
  piece.last = true;
  piece.failure = why;
  piece.failed_map = 0;
  return piece;
}

}  // namespace

/// One open stream: what is still to be sent, in order.
struct BlockServer::Outgoing {
  struct Part {
    int map = 0;
    ShuffleSegment segment;  // encoded when its turn comes
    std::shared_ptr<const Bytes> encoded;
  };
  std::deque<Part> parts;
  size_t offset = 0;  ///< Into the first part.
  bool encoded_form = false;
  std::string failure;
  int failed_map = -1;

  std::shared_ptr<const Bytes>& bytesOfFirst() {
    Part& part = parts.front();
    if (!part.encoded) {
      part.encoded = std::make_shared<const Bytes>(part.segment.spilled ? part.segment.spilled->read()
                                                                        : part.segment.block.encoded());
      part.segment = {};
    }
    return part.encoded;
  }
};

BlockServer::BlockServer(BlockSources sources) : sources_(std::move(sources)) {}
BlockServer::~BlockServer() = default;

rpc::Handlers BlockServer::handlers() {
  return {[this](const rpc::ConnectionPtr& connection, Bytes bytes) {
            try {
              accept(connection, protocol::decode(bytes));
            } catch (const CorruptData&) {
              connection->close();
            }
          },
          [this](const rpc::ConnectionPtr& connection, const std::string&) {
            thread_.run([this, key = connection.get()] { forget(key); });
          }};
}

void BlockServer::accept(const rpc::ConnectionPtr& connection, const protocol::Message& message) {
  if (const auto* request = std::get_if<protocol::OpenBlocks>(&message)) {
    thread_.run([this, connection, request = *request] {
      const auto thrown = guarded([&] { open(connection, request); });
      if (thrown) connection->send(protocol::encode(refusal(request.request, thrown->str())));
    });
  } else if (const auto* more = std::get_if<protocol::MoreBlocks>(&message)) {
    thread_.run([this, connection, request = more->request] { sendPiece(connection, request); });
  } else {
    throw CorruptData("a message that is no request for blocks");
  }
}

void BlockServer::forget(rpc::Connection* connection) {
  streams_.erase(streams_.lower_bound({connection, INT64_MIN}), streams_.upper_bound({connection, INT64_MAX}));
}

void BlockServer::open(const rpc::ConnectionPtr& connection, const protocol::OpenBlocks& request) {
  if (streams_.size() >= kMaxStreams) return connection->close();
  auto stream = std::make_unique<Outgoing>();
  auto fail = [&](int map, const std::string& what) {
    stream->parts.clear();
    stream->failed_map = map;
    stream->failure = what;
  };
  switch (request.kind) {
    case protocol::OpenBlocks::kShuffle:
      for (size_t i = 0; i < request.maps.size(); ++i) {
        const int map = request.maps[i];
        const auto checksum = i < request.checksums.size() ? std::optional(request.checksums[i]) : std::nullopt;
        auto segments = sources_.shuffles == nullptr
                            ? nullptr
                            : sources_.shuffles->find(ShuffleId(request.id), map, request.index, checksum);
        if (!segments) {
          fail(map, "map output " + std::to_string(map) + " of shuffle " + std::to_string(request.id) + " is not here");
          break;
        }
        for (const ShuffleSegment& segment : *segments) stream->parts.push_back({map, segment, nullptr});
      }
      break;
    case protocol::OpenBlocks::kCached:
      if (auto found =
              sources_.blocks == nullptr ? std::nullopt : sources_.blocks->find(RddId(request.id), request.index)) {
        stream->encoded_form = found->encoded != nullptr;
        stream->parts.push_back({0, {found->block, nullptr}, found->encoded});
      } else {
        fail(0, "the cached block is not here any more");
      }
      break;
    case protocol::OpenBlocks::kBroadcast:
    case protocol::OpenBlocks::kResult: {
      std::shared_ptr<const Bytes> bytes;
      if (request.kind == protocol::OpenBlocks::kResult) {
        if (sources_.result) bytes = sources_.result(TaskId(request.id));
      } else if (sources_.broadcast_chunk) {
        bytes = sources_.broadcast_chunk(BroadcastId(request.id), request.index);
      }
      if (bytes) {
        stream->parts.push_back({0, {}, std::move(bytes)});
      } else {
        fail(0, "it is not here any more");
      }
      break;
    }
    default:
      return connection->close();
  }
  streams_[{connection.get(), request.request}] = std::move(stream);
  sendPiece(connection, request.request);
}

void BlockServer::sendPiece(const rpc::ConnectionPtr& connection, int64_t request) {
  auto found = streams_.find({connection.get(), request});
  if (found == streams_.end()) return;  // ended, or asked once more than there were pieces
  Outgoing& stream = *found->second;
  protocol::BlockPiece piece;
  piece.request = request;
  piece.encoded_form = stream.encoded_form;
  try {
    while (!stream.parts.empty() && piece.bytes.size() < kPieceBytes) {
      const auto bytes = stream.bytesOfFirst();
      const size_t n = std::min(kPieceBytes - piece.bytes.size(), bytes->size() - stream.offset);
      piece.segments.push_back({stream.parts.front().map, bytes->size(), n});
      piece.bytes.append(bytes->data() + stream.offset, n);
      stream.offset += n;
      if (stream.offset < bytes->size()) break;
      stream.parts.pop_front();
      stream.offset = 0;
    }
    piece.failure = stream.failure;
    piece.failed_map = stream.failed_map;
  } catch (const IoError& e) {  // a bad disk
    piece.failure = e.what();
  } catch (...) {  // code of the program's that encodes a record
    const ExceptionText thrown = currentExceptionText();
    piece.failure = "a record cannot be serialized: " + thrown.message;
    piece.failure_type = thrown.type;
  }
  if (!piece.failure.empty() && !stream.parts.empty()) {
    piece.segments.clear();
    piece.bytes.clear();
    piece.failed_map = stream.parts.front().map;
    stream.parts.clear();
  }
  piece.last = stream.parts.empty();
  if (piece.last) streams_.erase(found);
  connection->send(protocol::encode(std::move(piece)));
}

}  // namespace cerium
