// Cerium. Licensed under the Apache License 2.0.
#include "executor/shuffle_store.h"

namespace cerium {

ShuffleStore::~ShuffleStore() {
  for (const auto& [key, output] : outputs_) memory_.release(output->reserved);
}

void ShuffleStore::put(ShuffleId shuffle, int map, MapOutput output) {
  const size_t reserved = output.reserved;
  std::lock_guard lock(mutex_);
  auto [place, fresh] = outputs_.try_emplace({shuffle, map});
  if (!fresh) {
    memory_.release(reserved);
    return;
  }
  place->second = std::make_shared<const MapOutput>(std::move(output));
}

std::shared_ptr<const std::vector<ShuffleSegment>> ShuffleStore::find(ShuffleId shuffle, int map, int reduce) const {
  std::lock_guard lock(mutex_);
  auto found = outputs_.find({shuffle, map});
  if (found == outputs_.end() || static_cast<size_t>(reduce) >= found->second->partitions.size()) return nullptr;
  return {found->second, &found->second->partitions[static_cast<size_t>(reduce)]};
}

void ShuffleStore::moveToDisk(const std::shared_ptr<SpillSpace>& disk) {
  std::vector<std::pair<std::pair<ShuffleId, int>, std::shared_ptr<const MapOutput>>> all;
  {
    std::lock_guard lock(mutex_);
    all.assign(outputs_.begin(), outputs_.end());
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
    if (found == outputs_.end()) continue;  // dropped meanwhile, and released
    found->second = std::make_shared<const MapOutput>(std::move(moved));
    memory_.release(reserved);
  }
}

void ShuffleStore::drop(ShuffleId shuffle) {
  std::vector<std::shared_ptr<const MapOutput>> dropped;  // declared first, so freed after the lock is
  std::lock_guard lock(mutex_);
  for (auto at = outputs_.lower_bound({shuffle, 0}); at != outputs_.end() && at->first.first == shuffle;) {
    memory_.release(at->second->reserved);
    dropped.push_back(std::move(at->second));
    at = outputs_.erase(at);
  }
}

}  // namespace cerium
