// Cerium. Licensed under the Apache License 2.0.
#include "executor/blocks/segment_reader.h"

#include <algorithm>
#include <utility>

#include "base/util/log.h"

namespace cerium {

SegmentReader::SegmentReader(BlockClient& client, rpc::Endpoint peer, protocol::OpenBlocks request, TaskContext* task)
    : client_(client), peer_(std::move(peer)), request_(std::move(request)) {
  try {
    open(task);
  } catch (const BlocksFailed& e) {
    prepareAgain(e);
  }
}

SegmentReader::~SegmentReader() {
  if (stream_) client_.close(peer_, *stream_);
}

void SegmentReader::open(TaskContext* task) {
  repeated_ = 0;
  stream_ = client_.open(peer_, request_, task);
}

std::optional<RemoteStream::Segment> SegmentReader::next(TaskContext* task) {
  for (;;) {
    try {
      if (!stream_) open(task);
      auto segment = stream_->next(task);
      if (!segment) return std::nullopt;
      if (isKnown(*segment)) continue;
      keepInMind(*segment);
      return segment;
    } catch (const BlocksFailed& e) {
      prepareAgain(e);
    }
  }
}

/// Prepares a second try; throws `failure` if that is of no use.
void SegmentReader::prepareAgain(const BlocksFailed& failure) {
  const bool may_pass = failure.why == BlocksFailed::Why::kDamaged || failure.why == BlocksFailed::Why::kBroken;
  if (!may_pass || std::exchange(asked_again_, true)) throw failure;
  log::info("blocks of {} are fetched again: {}", peer_.str(), failure.what());
  stream_.reset();
  const auto& maps = request_.maps;
  const auto at_hand = std::find(maps.begin(), maps.end(), map_);
  if (at_hand == maps.end()) return;
  request_.count -= reduce_ - std::exchange(request_.index, reduce_);
  request_.skipped = static_cast<int32_t>(at_hand - maps.begin());
}

/// True for a segment that already came on the previous stream. The map output may have been computed anew and cut
/// differently; then the reader cannot continue, and this throws.
bool SegmentReader::isKnown(const RemoteStream::Segment& segment) {
  if (repeated_ == read_.size()) return false;
  if (segment.reduce != reduce_ || segment.map != map_ || segment.content.checksum != read_[repeated_])
    throw BlocksFailed(BlocksFailed::Why::kNotServed, map_, "the map output changed while it was read");
  ++repeated_;
  return true;
}

void SegmentReader::keepInMind(const RemoteStream::Segment& segment) {
  asked_again_ = false;
  if (segment.map != map_ || segment.reduce != reduce_) read_.clear();
  map_ = segment.map;
  reduce_ = segment.reduce;
  read_.push_back(segment.content.checksum);
  repeated_ = read_.size();
}

}  // namespace cerium
