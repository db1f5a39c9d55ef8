// Cerium. Licensed under the Apache License 2.0.
// The segments of a range of a shuffle from all executors: this executor's by reference, the others over the network.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "base/protocol/messages.h"
#include "executor/blocks/segment_reader.h"
#include "executor/blocks/shuffle_store.h"
#include "rdd/shuffle/shuffle_range.h"

namespace cerium {

/// Reads one reduce partition after the other, each in map order. Tasks that a thread runs one after the other may
/// share it (executor/blocks/read_ahead.h), so that the peers send many small partitions in one stream. Threads: one.
class RemoteShuffle {
 public:
  struct Where {
    ExecutorId self;
    std::shared_ptr<const protocol::ShuffleLocations> outputs;
    std::map<int64_t, rpc::Endpoint> peers;
  };
  /// The objects that it reads from; they outlive it.
  struct Stores {
    ShuffleStore& local;
    BlockClient& client;
  };
  /// Opens a stream to each executor that holds outputs, all at once, so that every peer sends while one stream is
  /// read. `task` opens it. Throws FetchFailed if an output has no holder or a holder cannot be reached.
  RemoteShuffle(TaskContext& task, const ShuffleRange& range, Where where, Stores stores);

  /// The next segment of a reduce partition of the range, for `task`; nothing at its end. `reduce` never goes back:
  /// segments of partitions before it that were not read are passed over. Throws FetchFailed if a map output is gone.
  std::optional<FetchedSegment> next(TaskContext& task, int reduce);

  /// False after a read that threw: a segment may have been received in part.
  [[nodiscard]] bool isUsable() const { return is_usable_; }
  [[nodiscard]] const ShuffleRange& range() const { return range_; }
  /// The partition that was read last.
  [[nodiscard]] int reduce() const { return reduce_; }
  /// The locations that it was opened with.
  [[nodiscard]] const std::shared_ptr<const protocol::ShuffleLocations>& locations() const { return where_.outputs; }

 private:
  struct Stream {
    std::unique_ptr<SegmentReader> segments;
    std::optional<RemoteStream::Segment> ahead;  ///< Read ahead: its place tells when the stream's turn is.
    bool ended = false;
  };

  [[nodiscard]] int64_t holderOf(int map) const { return where_.outputs->executors[static_cast<size_t>(map)]; }
  [[nodiscard]] uint64_t checksumOf(int map) const { return where_.outputs->checksums[static_cast<size_t>(map)]; }
  void open(TaskContext& task, int64_t executor, protocol::OpenBlocks request);
  std::optional<FetchedSegment> advance(TaskContext& task, int reduce);
  std::optional<FetchedSegment> nextLocal(TaskContext& task);
  std::optional<FetchedSegment> nextRemote(TaskContext& task, int64_t executor);
  void readAhead(TaskContext& task, Stream& stream, ExecutorId executor) const;
  void checkAllRead() const;

  const ShuffleRange range_;
  const Where where_;
  const Stores stores_;
  std::map<int64_t, Stream> streams_;
  int reduce_;
  int map_;
  std::shared_ptr<const std::vector<ShuffleSegment>> segments_;
  size_t at_ = 0;
  bool is_usable_ = true;
};

/// The segments of a range for one task. Owns or shares the RemoteShuffle.
class RemoteSegments final : public SegmentSource {
 public:
  /// REQUIRES: the reduce partitions of `range` are within those of `shuffle`, and not before shuffle->reduce().
  RemoteSegments(TaskContext& task, std::shared_ptr<RemoteShuffle> shuffle, const ShuffleRange& range)
      : task_(task), shuffle_(std::move(shuffle)), reduce_(range.reduce_begin), end_(range.reduce_end) {}

  std::optional<FetchedSegment> next() override {
    for (; reduce_ < end_; ++reduce_) {
      if (auto segment = shuffle_->next(task_, reduce_)) return segment;
    }
    return std::nullopt;
  }

 private:
  TaskContext& task_;
  const std::shared_ptr<RemoteShuffle> shuffle_;
  int reduce_;
  const int end_;
};

}  // namespace cerium
