// Cerium. Licensed under the Apache License 2.0.
#include "executor/blocks/block_server.h"

#include <algorithm>
#include <deque>

#include "base/util/exception_text.h"

namespace cerium {
namespace {

// Large enough that the fixed cost of a piece does not matter, and small enough that two pieces for each of many
// readers take little memory.
constexpr size_t kMessageBytes = size_t{4} << 20;
// Limits streams that readers opened and abandoned on a connection that lives; each costs a little memory.
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

/// An open stream: the parts still to be sent, in order.
struct BlockServer::Outgoing {
  struct Part {
    int map = 0;
    int reduce = 0;
    ShuffleSegment segment;  // encoded when it is sent
    CheckedBytes encoded;
  };
  std::deque<Part> parts;
  protocol::OpenBlocks ahead = {.maps = {}, .count = 0};  ///< The reduce partitions of a shuffle after `parts`.
  size_t offset = 0;                                      ///< Into the first part.
  std::string failure;
  std::string failure_type;  ///< The type of an exception that the program's own code has thrown.
  int failed_map = -1;

  /// Ends the stream; the last piece carries the reason.
  void fail(int map, std::string why) {
    parts.clear();
    ahead.count = 0;
    failed_map = map;
    failure = std::move(why);
  }

  /// Ends the stream for the exception being handled: of a bad disk, or of the program's code that encodes a record.
  void failForException() {
    const int map = parts.empty() ? -1 : parts.front().map;
    try {
      throw;
    } catch (const IoError& e) {
      fail(map, e.what());
    } catch (const CorruptData& e) {
      fail(map, e.what());
    } catch (...) {
      const ExceptionText thrown = currentExceptionText();
      fail(map, "a record cannot be serialized: " + thrown.message);
      failure_type = thrown.type;
    }
  }

  const CheckedBytes& contentOfFirst() {
    Part& part = parts.front();
    if (!part.encoded) {
      part.encoded =
          part.segment.spilled ? part.segment.spilled->readChecked() : CheckedBytes::of(part.segment.block.encoded());
      part.segment = {};
    }
    return part.encoded;
  }

  [[nodiscard]] bool hasEnded() const { return parts.empty() && ahead.count == 0; }

  /// Fills a piece from the front of the stream, which gets more parts from `sources`.
  void fill(protocol::BlockPiece& piece, const BlockSources& sources) {
    for (; piece.bytes.size() < kMessageBytes; gather(sources)) {
      fillFromParts(piece);
      if (ahead.count == 0) return;
    }
  }

  /// Adds the parts of the next reduce partition that has any, while there are none.
  void gather(const BlockSources& sources) {
    for (; parts.empty() && ahead.count > 0; --ahead.count, ++ahead.index, ahead.skipped = 0) {
      for (size_t i = static_cast<size_t>(ahead.skipped); i < ahead.maps.size(); ++i) {
        if (!gatherPart(sources, i)) return;
      }
    }
  }

 private:
  /// Returns false, with the stream ended, if the map output is not here.
  bool gatherPart(const BlockSources& sources, size_t i) {
    const int map = ahead.maps[i];
    const auto checksum = i < ahead.checksums.size() ? std::optional(ahead.checksums[i]) : std::nullopt;
    auto segments = sources.shuffles->find(ShuffleId(ahead.id), map, ahead.index, checksum);
    if (!segments) {
      fail(map, "map output " + std::to_string(map) + " of shuffle " + std::to_string(ahead.id) + " is not here");
      return false;
    }
    for (const ShuffleSegment& segment : *segments) parts.push_back({map, ahead.index, segment, {}});
    return true;
  }

  void fillFromParts(protocol::BlockPiece& piece) {
    while (!parts.empty() && piece.bytes.size() < kMessageBytes) {
      const auto [bytes, checksum] = contentOfFirst();
      const size_t n = std::min(kMessageBytes - piece.bytes.size(), bytes->size() - offset);
      piece.segments.push_back({parts.front().map, bytes->size(), n, checksum, parts.front().reduce});
      piece.bytes.append(bytes->data() + offset, n);
      offset += n;
      if (offset < bytes->size()) break;
      parts.pop_front();
      offset = 0;
    }
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
    thread_.run([this, connection, request = *more] {
      if (request.stop) {
        streams_.erase({connection.get(), request.request});
      } else {
        sendPiece(connection, request.request);
      }
    });
  } else {
    throw CorruptData("the message is not a request for blocks");
  }
}

void BlockServer::forget(rpc::Connection* connection) {
  streams_.erase(streams_.lower_bound({connection, INT64_MIN}), streams_.upper_bound({connection, INT64_MAX}));
}

void BlockServer::open(const rpc::ConnectionPtr& connection, const protocol::OpenBlocks& request) {
  if (streams_.size() >= kMaxStreams) return connection->close();
  auto stream = std::make_unique<Outgoing>();
  try {
    gather(request, *stream);
  } catch (...) {
    stream->fail(-1, currentExceptionText().message);
  }
  streams_[{connection.get(), request.request}] = std::move(stream);
  sendPiece(connection, request.request);
}

void BlockServer::gather(const protocol::OpenBlocks& request, Outgoing& stream) {
  CheckedBytes bytes;
  switch (request.kind) {
    case protocol::OpenBlocks::kShuffle:
      return openShuffle(request, stream);
    case protocol::OpenBlocks::kCached:
      if (auto found =
              sources_.blocks == nullptr ? std::nullopt : sources_.blocks->find(RddId(request.id), request.index)) {
        if (found->block.records) stream.parts.push_back({0, 0, {found->block, nullptr}, {}});
        for (CachedPiece& piece : found->pieces) {
          stream.parts.push_back({0, 0, {{}, std::move(piece.spilled)}, std::move(piece.encoded)});
        }
        return;
      }
      return stream.fail(-1, "the cached block is not here any more");
    case protocol::OpenBlocks::kBroadcast:
      if (sources_.broadcast_chunk) bytes = sources_.broadcast_chunk(BroadcastId(request.id), request.index);
      break;
    case protocol::OpenBlocks::kResult:
      if (sources_.result) bytes = sources_.result(TaskId(request.id));
      break;
    default:
      return stream.fail(-1, "no blocks of that kind are served here");
  }
  if (!bytes) return stream.fail(-1, "the block is not here any more");
  stream.parts.push_back({0, 0, {}, std::move(bytes)});
}

/// The parts are looked up reduce partition by reduce partition as they are sent: a range may have very many.
void BlockServer::openShuffle(const protocol::OpenBlocks& request, Outgoing& stream) {
  if (sources_.shuffles == nullptr) return stream.fail(-1, "no shuffle output is served here");
  if (request.count < 0 || request.skipped < 0) return stream.fail(-1, "the range of reduce partitions is malformed");
  if (request.maps.empty()) return;
  stream.ahead = request;
  stream.gather(sources_);
}

void BlockServer::sendPiece(const rpc::ConnectionPtr& connection, int64_t request) {
  auto found = streams_.find({connection.get(), request});
  if (found == streams_.end()) return;  // the stream has ended, or the reader asked for more pieces than there were
  Outgoing& stream = *found->second;
  protocol::BlockPiece piece;
  piece.request = request;
  try {
    stream.fill(piece, sources_);
  } catch (...) {
    piece.segments.clear();
    piece.bytes.clear();
    stream.failForException();
  }
  piece.failure = stream.failure;
  piece.failure_type = stream.failure_type;
  piece.failed_map = stream.failed_map;
  piece.last = stream.hasEnded();
  if (piece.last) streams_.erase(found);
  connection->send(protocol::encode(std::move(piece)));
}

}  // namespace cerium
