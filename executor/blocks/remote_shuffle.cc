// Cerium. Licensed under the Apache License 2.0.
#include "executor/blocks/remote_shuffle.h"

#include <fmt/format.h>

#include <chrono>

namespace cerium {

RemoteShuffle::RemoteShuffle(TaskContext& task, ShuffleId shuffle, int reduce, Where where, ShuffleStore& local,
                             BlockClient& client)
    : task_(task), shuffle_(shuffle), reduce_(reduce), where_(std::move(where)), local_(local) {
  struct Wanted {
    std::vector<int32_t> maps;
    std::vector<uint64_t> checksums;
  };
  std::map<int64_t, Wanted> wanted;
  for (size_t map = 0; map < where_.executors.size(); ++map) {
    const int64_t executor = where_.executors[map];
    if (executor < 0)
      throw FetchFailed(shuffle, static_cast<int>(map), ExecutorId(), "no executor holds this map output");
    if (executor == where_.self.value) continue;
    wanted[executor].maps.push_back(static_cast<int32_t>(map));
    wanted[executor].checksums.push_back(where_.checksums.at(map));
  }
  for (auto& [executor, outputs] : wanted) {
    const int first = outputs.maps.front();
    auto peer = where_.peers.find(executor);
    if (peer == where_.peers.end())
      throw FetchFailed(shuffle, first, ExecutorId(executor), "its executor is not known here");
    try {
      streams_[executor].segments = std::make_unique<SegmentReader>(
          client, peer->second,
          protocol::OpenBlocks{-1, protocol::OpenBlocks::kShuffle, shuffle.value, reduce, std::move(outputs.maps),
                               std::move(outputs.checksums)},
          &task);
    } catch (const IoError& e) {
      throw FetchFailed(shuffle, FetchFailed::kAllMaps, ExecutorId(executor), e.what());
    }
  }
}

std::optional<FetchedSegment> RemoteShuffle::next() {
  for (; map_ < where_.executors.size(); ++map_) {
    const int64_t executor = where_.executors[map_];
    auto segment = executor == where_.self.value ? nextLocal() : nextRemote(executor);
    if (segment) return segment;
  }
  for (const auto& [peer, stream] : streams_) {
    if (!stream.ahead) continue;
    throw FetchFailed(
        shuffle_, FetchFailed::kAllMaps, ExecutorId(peer),
        fmt::format("it sent output of map {}, which was not asked for, or not at this point", stream.ahead->map));
  }
  return std::nullopt;
}

std::optional<FetchedSegment> RemoteShuffle::nextLocal() {
  if (!segments_) {
    segments_ = local_.find(shuffle_, static_cast<int>(map_), reduce_, where_.checksums.at(map_));
    if (!segments_)
      throw FetchFailed(shuffle_, static_cast<int>(map_), where_.self, "the map output is not here any more");
    at_ = 0;
  }
  if (at_ == segments_->size()) {
    segments_.reset();
    return std::nullopt;
  }
  const ShuffleSegment& segment = (*segments_)[at_++];
  ++task_.metrics().local_blocks_read;
  if (segment.spilled) {
    auto bytes = readSpilled(*segment.spilled, {shuffle_, static_cast<int>(map_), where_.self});
    task_.metrics().shuffle_bytes_read += static_cast<int64_t>(bytes->size());
    return FetchedSegment{{}, std::move(bytes)};
  }
  task_.metrics().shuffle_bytes_read += static_cast<int64_t>(segment.block.count() * segment.block.ops->record_size);
  return FetchedSegment{segment.block, nullptr};
}

std::optional<FetchedSegment> RemoteShuffle::nextRemote(int64_t executor) {
  Stream& stream = streams_.at(executor);
  const int map = static_cast<int>(map_);
  if (!stream.ahead && !stream.ended) {
    try {
      const auto begin = std::chrono::steady_clock::now();
      stream.ahead = stream.segments->next();
      task_.metrics().fetch_wait_micros +=
          std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now() - begin).count();
    } catch (const BlocksFailed& e) {
      throw FetchFailed(shuffle_, e.map >= 0 ? e.map : FetchFailed::kAllMaps, ExecutorId(executor), e.what());
    } catch (const IoError& e) {
      throw FetchFailed(shuffle_, FetchFailed::kAllMaps, ExecutorId(executor), e.what());
    }
    stream.ended = !stream.ahead;
  }
  if (!stream.ahead || stream.ahead->map != map) return std::nullopt;  // this map wrote nothing for the partition
  auto bytes = std::move(stream.ahead->content.bytes);
  stream.ahead.reset();
  task_.metrics().shuffle_bytes_read += static_cast<int64_t>(bytes->size());
  ++task_.metrics().remote_blocks_read;
  task_.metrics().remote_bytes_read += static_cast<int64_t>(bytes->size());
  return FetchedSegment{{}, std::move(bytes)};
}

}  // namespace cerium
