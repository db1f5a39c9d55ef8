// Cerium. Licensed under the Apache License 2.0.
#include "executor/shuffle_store.h"

#include <utility>

namespace cerium {

ShuffleStore::~ShuffleStore() {
  for (const auto& [key, entry] : outputs_) memory_.release(entry.output->reserved);
}

std::shared_ptr<const MapOutput> ShuffleStore::put(ShuffleId shuffle, int map, MapOutput output) {
  auto made = std::make_shared<const MapOutput>(std::move(output));
  std::shared_ptr<const MapOutput> goes;  // declared first, so freed after the lock is
  std::lock_guard lock(mutex_);
  Entry& entry = outputs_[{shuffle, map}];
  goes = !entry.output || std::exchange(entry.is_replaced_next, false) ? std::exchange(entry.output, made) : made;
  if (goes) memory_.release(goes->reserved);
  return entry.output;
}

void ShuffleStore::replaceNext(ShuffleId shuffle, int map) {
  std::lock_guard lock(mutex_);
  auto found = outputs_.find({shuffle, map});
  if (found != outputs_.end()) found->second.is_replaced_next = true;
}

void ShuffleStore::adopt(ShuffleId shuffle, int map, MapOutput output) {
  replaceNext(shuffle, map);
  put(shuffle, map, std::move(output));
}

std::shared_ptr<const std::vector<ShuffleSegment>> ShuffleStore::find(ShuffleId shuffle, int map, int reduce) const {
  std::lock_guard lock(mutex_);
  auto found = outputs_.find({shuffle, map});
  if (found == outputs_.end()) return nullptr;
  const auto& output = found->second.output;
  if (static_cast<size_t>(reduce) >= output->partitions.size()) return nullptr;
  return {output, &output->partitions[static_cast<size_t>(reduce)]};
}

void ShuffleStore::moveToDisk(const std::shared_ptr<SpillSpace>& disk) {
  std::vector<std::pair<Key, std::shared_ptr<const MapOutput>>> all;
  {
    std::lock_guard lock(mutex_);
    for (const auto& [key, entry] : outputs_) all.emplace_back(key, entry.output);
  }
  for (auto& [key, output] : all) {
    MapOutput moved = *output;
    for (auto& segments : moved.partitions) {
      for (ShuffleSegment& segment : segments) {
        if (!segment.spilled) segment = {{}, spill(disk, segment.block.encoded().view())};
      }
    }
    const size_t reserved = std::exchange(moved.reserved, 0);
    std::lock_guard lock(mutex_);
    auto found = outputs_.find(key);
    // Dropped or replaced meanwhile, and released.
    if (found == outputs_.end() || found->second.output != output) continue;
    found->second.output = std::make_shared<const MapOutput>(std::move(moved));
    memory_.release(reserved);
  }
}

void ShuffleStore::drop(ShuffleId shuffle) {
  std::vector<std::shared_ptr<const MapOutput>> dropped;  // declared first, so freed after the lock is
  std::lock_guard lock(mutex_);
  for (auto at = outputs_.lower_bound({shuffle, 0}); at != outputs_.end() && at->first.first == shuffle;) {
    memory_.release(at->second.output->reserved);
    dropped.push_back(std::move(at->second.output));
    at = outputs_.erase(at);
  }
}

std::shared_ptr<const Bytes> readSpilled(const SpilledBytes& segment, const MapOutputPlace& place) {
  try {
    return std::make_shared<const Bytes>(segment.read());
  } catch (const CorruptData& e) {
    throw FetchFailed(place.shuffle, place.map, place.executor, e.what());
  } catch (const IoError& e) {
    throw FetchFailed(place.shuffle, place.map, place.executor, e.what());
  }
}

}  // namespace cerium
