// Cerium. Licensed under the Apache License 2.0.
// Reads the requested segments of one peer. If a segment is damaged, or the connection breaks, it asks a second time;
// after that the reader has the map output computed again.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "executor/blocks/block_client.h"

namespace cerium {

/// One peer's segments. Threads: used by one reader.
class SegmentReader {
 public:
  /// Opens the stream at once, so that the peer sends while other streams are read. Throws as BlockClient::open.
  SegmentReader(BlockClient& client, rpc::Endpoint peer, protocol::OpenBlocks request, TaskContext* task);
  /// The peer sends no more. REQUIRES: the client lives.
  ~SegmentReader();
  SegmentReader(const SegmentReader&) = delete;
  SegmentReader& operator=(const SegmentReader&) = delete;

  /// As RemoteStream::next.
  std::optional<RemoteStream::Segment> next(TaskContext* task);

 private:
  void open(TaskContext* task);
  void prepareAgain(const BlocksFailed& failure);
  bool isKnown(const RemoteStream::Segment& segment);
  void keepInMind(const RemoteStream::Segment& segment);

  BlockClient& client_;
  const rpc::Endpoint peer_;
  protocol::OpenBlocks request_;          // for the segments still to be read, including the current part's
  std::shared_ptr<RemoteStream> stream_;  // null if it must be opened again
  bool asked_again_ = false;              // since the last intact segment
  int reduce_ = -1;                       // the part of the last segment: its reduce partition...
  int map_ = -1;                          // ...and its map
  std::vector<uint64_t> read_;            // the checksums of the segments of that part read so far
  size_t repeated_ = 0;                   // how many of them have come again on the current stream
};

}  // namespace cerium
