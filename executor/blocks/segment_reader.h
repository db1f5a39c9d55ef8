// Cerium. Licensed under the Apache License 2.0.
// The segments that one peer has of what is asked for. What comes damaged, or not at all because the connection broke,
// is asked for once more; after that it is for the reader to have it computed again.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "executor/blocks/block_client.h"

namespace cerium {

/// Threads: used by one reader.
class SegmentReader {
 public:
  /// Opens the stream, so that the peer sends while others are read. Throws as BlockClient::open.
  SegmentReader(BlockClient& client, rpc::Endpoint peer, protocol::OpenBlocks request, TaskContext* task);

  /// As RemoteStream::next.
  std::optional<RemoteStream::Segment> next();

 private:
  void open();
  void prepareAgain(const BlocksFailed& failure);
  bool isKnown(const RemoteStream::Segment& segment);
  void keepInMind(const RemoteStream::Segment& segment);

  BlockClient& client_;
  const rpc::Endpoint peer_;
  protocol::OpenBlocks request_;  // for what is still to be read, the map at hand included
  TaskContext* const task_;
  std::shared_ptr<RemoteStream> stream_;  // null where it has to be opened again
  bool asked_again_ = false;              // since the last segment that came well
  int map_ = -1;                          // of the segment that came last
  std::vector<uint64_t> read_;            // the checksums of the segments of map_ that came
  size_t repeated_ = 0;                   // of these came again on the stream at hand
};

}  // namespace cerium
