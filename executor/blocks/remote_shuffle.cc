// Cerium. Licensed under the Apache License 2.0.
#include "executor/blocks/remote_shuffle.h"

#include <fmt/format.h>

#include "base/util/clocks.h"

namespace cerium {

RemoteShuffle::RemoteShuffle(TaskContext& task, const ShuffleRange& range, Where where, Stores stores)
    : range_(range), where_(std::move(where)), stores_(stores), reduce_(range.reduce_begin), map_(range.map_begin) {
  std::map<int64_t, protocol::OpenBlocks> wanted;
  for (int map = range.map_begin; map < range.map_end; ++map) {
    const bool is_known = static_cast<size_t>(map) < where_.outputs->executors.size();
    const int64_t executor = is_known ? holderOf(map) : -1;
    if (executor < 0) throw FetchFailed(range.shuffle, map, ExecutorId(), "no executor holds this map output");
    if (executor == where_.self.value) continue;
    auto& request = wanted[executor];
    request.maps.push_back(map);
    request.checksums.push_back(checksumOf(map));
  }
  for (auto& [executor, request] : wanted) {
    request.kind = protocol::OpenBlocks::kShuffle;
    request.id = range.shuffle.value;
    request.index = range.reduce_begin;
    request.count = range.reduce_end - range.reduce_begin;
    open(task, executor, std::move(request));
  }
}

void RemoteShuffle::open(TaskContext& task, int64_t executor, protocol::OpenBlocks request) {
  auto peer = where_.peers.find(executor);
  if (peer == where_.peers.end())
    throw FetchFailed(range_.shuffle, request.maps.front(), ExecutorId(executor), "its executor is not known here");
  try {
    streams_[executor].segments =
        std::make_unique<SegmentReader>(stores_.client, peer->second, std::move(request), &task);
  } catch (const IoError& e) {
    throw FetchFailed(range_.shuffle, FetchFailed::kAllMaps, ExecutorId(executor), e.what());
  }
}

std::optional<FetchedSegment> RemoteShuffle::next(TaskContext& task, int reduce) {
  is_usable_ = false;
  auto segment = advance(task, reduce);
  is_usable_ = true;
  return segment;
}

std::optional<FetchedSegment> RemoteShuffle::advance(TaskContext& task, int reduce) {
  if (reduce > reduce_) {
    reduce_ = reduce;
    map_ = range_.map_begin;
    segments_.reset();
  }
  for (; map_ < range_.map_end; ++map_) {
    const int64_t executor = holderOf(map_);
    auto segment = executor == where_.self.value ? nextLocal(task) : nextRemote(task, executor);
    if (segment) return segment;
  }
  if (reduce_ + 1 == range_.reduce_end) checkAllRead();
  return std::nullopt;
}

void RemoteShuffle::checkAllRead() const {
  for (const auto& [peer, stream] : streams_) {
    if (!stream.ahead) continue;
    throw FetchFailed(range_.shuffle, FetchFailed::kAllMaps, ExecutorId(peer),
                      fmt::format("it sent reduce partition {} of map output {}, which was not asked for, or not at "
                                  "this point",
                                  stream.ahead->reduce, stream.ahead->map));
  }
}

std::optional<FetchedSegment> RemoteShuffle::nextLocal(TaskContext& task) {
  if (!segments_) {
    segments_ = stores_.local.find(range_.shuffle, map_, reduce_, checksumOf(map_));
    if (!segments_) throw FetchFailed(range_.shuffle, map_, where_.self, "the map output is not here any more");
    at_ = 0;
  }
  if (at_ == segments_->size()) {
    segments_.reset();
    return std::nullopt;
  }
  return readLocal(task, (*segments_)[at_++], {range_.shuffle, map_, where_.self});
}

std::optional<FetchedSegment> RemoteShuffle::nextRemote(TaskContext& task, int64_t executor) {
  Stream& stream = streams_.at(executor);
  // Passes over partitions that a task before this one did not read to their end.
  while (stream.ahead && stream.ahead->reduce < reduce_) stream.ahead.reset();
  while (!stream.ahead && !stream.ended) {
    readAhead(task, stream, ExecutorId(executor));
    if (stream.ahead && stream.ahead->reduce < reduce_) stream.ahead.reset();
  }
  // Else this map wrote nothing for the partition.
  if (!stream.ahead || stream.ahead->map != map_ || stream.ahead->reduce != reduce_) return std::nullopt;
  auto bytes = std::move(stream.ahead->content.bytes);
  stream.ahead.reset();
  task.metrics().shuffle_bytes_read += static_cast<int64_t>(bytes->size());
  ++task.metrics().remote_blocks_read;
  task.metrics().remote_bytes_read += static_cast<int64_t>(bytes->size());
  return FetchedSegment{{}, std::move(bytes)};
}

void RemoteShuffle::readAhead(TaskContext& task, Stream& stream, ExecutorId executor) const {
  const int64_t begin = monotonicMicros();
  try {
    stream.ahead = stream.segments->next(&task);
  } catch (const BlocksFailed& e) {
    throw FetchFailed(range_.shuffle, e.map >= 0 ? e.map : FetchFailed::kAllMaps, executor, e.what());
  } catch (const IoError& e) {
    throw FetchFailed(range_.shuffle, FetchFailed::kAllMaps, executor, e.what());
  }
  task.metrics().fetch_wait_micros += monotonicMicros() - begin;
  stream.ended = !stream.ahead;
}

}  // namespace cerium
