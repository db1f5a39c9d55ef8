// Cerium. Licensed under the Apache License 2.0.
// The segments of one reduce partition from everywhere: this executor's own by reference, others over the network, all
// in map order.
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
    std::vector<int64_t> executors;   ///< Of each map output; -1 where nobody has it.
    std::vector<uint64_t> checksums;  ///< Of each map output: which of its attempts is to be read.
    std::map<int64_t, rpc::Endpoint> peers;
  };
  /// Opens a stream to each executor that holds some of the outputs at once, so that all send while one is read.
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
  /// What has come from one peer, one segment ahead: which map it belongs to says when its turn is.
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
