// Cerium. Licensed under the Apache License 2.0.
// The segments of one reduce partition from all executors, in map order: this executor's by reference, the others over
// the network.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <vector>

#include "executor/blocks/segment_reader.h"
#include "executor/blocks/shuffle_store.h"

namespace cerium {

class RemoteShuffle final : public SegmentSource {
 public:
  struct Where {
    ExecutorId self;
    std::vector<int64_t> executors;   ///< The holder of each map output; -1: none.
    std::vector<uint64_t> checksums;  ///< The checksum of each map output: the attempt to read.
    std::map<int64_t, rpc::Endpoint> peers;
  };
  /// Opens a stream to each executor that holds outputs, all at once, so that every peer sends while one stream is
  /// read.
  RemoteShuffle(TaskContext& task, ShuffleId shuffle, int reduce, Where where, ShuffleStore& local,
                BlockClient& client);

  std::optional<FetchedSegment> next() override;

 private:
  std::optional<FetchedSegment> nextLocal();
  std::optional<FetchedSegment> nextRemote(int64_t executor);

  TaskContext& task_;
  const ShuffleId shuffle_;
  const int reduce_;
  const Where where_;
  ShuffleStore& local_;
  /// A stream from one peer, read one segment ahead: the segment's map tells when the stream's turn is.
  struct Stream {
    std::unique_ptr<SegmentReader> segments;
    std::optional<RemoteStream::Segment> ahead;
    bool ended = false;
  };
  std::map<int64_t, Stream> streams_;
  size_t map_ = 0;
  std::shared_ptr<const std::vector<ShuffleSegment>> segments_;
  size_t at_ = 0;
};

}  // namespace cerium
