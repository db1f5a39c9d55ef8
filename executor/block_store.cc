// Cerium. Licensed under the Apache License 2.0.
#include "executor/block_store.h"

#include <set>

#include "base/util/exception_text.h"
#include "base/util/log.h"

namespace cerium {
namespace {
// The RDD whose block this thread is putting; its other blocks are spared.
thread_local RddId t_filling;
}  // namespace

BlockStore::BlockStore(MemoryManager& memory, std::shared_ptr<SpillSpace> disk,
                       std::function<void(const BlockChange&)> on_change)
    : memory_(memory), disk_(std::move(disk)), on_change_(std::move(on_change)) {}

std::optional<CachedBlock> BlockStore::find(RddId rdd, int partition) {
  const Key key{rdd, partition};
  CachedBlock block;
  SpilledPtr spilled;
  {
    std::lock_guard lock(mutex_);
    auto found = blocks_.find(key);
    if (found == blocks_.end()) return std::nullopt;
    Entry& entry = found->second;
    recent_.splice(recent_.end(), recent_, entry.place);
    block = entry.block;
    spilled = entry.spilled;
  }
  std::string why;
  try {
    if (block.block.records) return block;
    if (!block.encoded) return CachedBlock::of(spilled->readChecked());
    if (block.checked().isIntact()) return block;
    why = "its bytes in memory do not match their checksum: the memory is bad";
  } catch (const CorruptData& e) {
    why = e.what();
  } catch (const IoError& e) {
    why = e.what();
  }
  dropBad(key, spilled, why);
  return std::nullopt;
}

/// Unless another block is in its place by now.
void BlockStore::dropBad(const Key& key, const SpilledPtr& spilled, const std::string& why) {
  log::warn("cached partition {} of RDD {} is dropped and will be computed again: {}", key.second, key.first.value,
            why);
  {
    std::lock_guard lock(mutex_);
    auto found = blocks_.find(key);
    if (found == blocks_.end() || found->second.spilled != spilled) return;
    memory_.release(found->second.memory);
    recent_.erase(found->second.place);
    blocks_.erase(found);
  }
  on_change_({key.first, key.second, false, 0, 0});
}

bool BlockStore::put(RddId rdd, int partition, StorageLevel level, CachedBlock block) {
  t_filling = rdd;
  Entry entry{level, {}, nullptr, 0, false, {}};
  if (keepsEncoded(level) && !block.encoded) block = CachedBlock::of(CheckedBytes::of(block.block.encoded()));
  const size_t bytes = block.encoded ? block.encoded->size() : block.block.memory();
  if (usesMemory(level) && memory_.tryReserve(bytes)) {
    entry.memory = bytes;
    entry.block = std::move(block);
  } else if (usesDisk(level)) {
    entry.spilled = toDisk(block);
  } else {
    return false;
  }
  return insert({rdd, partition}, std::move(entry));
}

/// Throws IoError where no disk takes it.
SpilledPtr BlockStore::toDisk(const CachedBlock& block) {
  return block.encoded ? spill(disk_, block.checked()) : spill(disk_, block.block.encoded().view());
}

bool BlockStore::insert(const Key& key, Entry entry) {
  BlockChange change{key.first, key.second, true, 0, 0};
  {
    std::lock_guard lock(mutex_);
    auto known = blocks_.find(key);
    if (known != blocks_.end()) {
      memory_.release(entry.memory);  // two attempts computed the same partition, or a copy was there: the first stays
    } else {
      entry.place = recent_.insert(recent_.end(), key);
      known = blocks_.emplace(key, std::move(entry)).first;
    }
    change.memory = known->second.memory;
    change.disk = known->second.spilled ? known->second.spilled->size() : 0;
  }
  on_change_(change);
  return true;
}

void BlockStore::dropRdd(RddId rdd) {
  std::vector<BlockChange> changes;
  {
    std::lock_guard lock(mutex_);
    for (auto at = blocks_.lower_bound({rdd, 0}); at != blocks_.end() && at->first.first == rdd;) {
      memory_.release(at->second.memory);
      recent_.erase(at->second.place);
      changes.push_back({rdd, at->first.second, false, 0, 0});
      at = blocks_.erase(at);
    }
  }
  for (const BlockChange& change : changes) on_change_(change);
}

void BlockStore::drop(RddId rdd, int partition) {
  {
    std::lock_guard lock(mutex_);
    auto found = blocks_.find({rdd, partition});
    if (found == blocks_.end()) return;
    memory_.release(found->second.memory);
    recent_.erase(found->second.place);
    blocks_.erase(found);
  }
  on_change_({rdd, partition, false, 0, 0});
}

void BlockStore::dropAll() {
  std::set<RddId> rdds;
  {
    std::lock_guard lock(mutex_);
    for (const auto& [key, entry] : blocks_) rdds.insert(key.first);
  }
  for (RddId rdd : rdds) dropRdd(rdd);
}

void BlockStore::evict(size_t wanted) {
  size_t freed = 0;
  while (freed < wanted) {
    auto key = victim(t_filling);
    if (!key) return;
    relieve(*key, freed);
  }
}

std::optional<BlockStore::Key> BlockStore::victim(RddId filling) {
  std::lock_guard lock(mutex_);
  for (const Key& key : recent_) {
    Entry& entry = blocks_.at(key);
    if (entry.memory == 0 || entry.moving || key.first == filling) continue;
    entry.moving = true;
    return key;
  }
  return std::nullopt;
}

void BlockStore::relieve(const Key& key, size_t& freed) {
  CachedBlock block;
  StorageLevel level;
  {
    std::lock_guard lock(mutex_);
    auto found = blocks_.find(key);
    if (found == blocks_.end()) return;
    block = found->second.block;
    level = found->second.level;
  }
  SpilledPtr spilled;
  if (usesDisk(level)) {
    // The task that asks for room is not to blame where the disk is full, or code of the program's fails to encode
    // another task's records: the block is dropped, lineage can rebuild it.
    const auto thrown = guarded([&] { spilled = toDisk(block); });
    if (thrown) {
      log::warn("cached partition {} of RDD {} is dropped, as it cannot be written to disk: {}", key.second,
                key.first.value, thrown->str());
    }
  }
  BlockChange change{key.first, key.second, spilled != nullptr, 0, spilled ? spilled->size() : 0};
  {
    std::lock_guard lock(mutex_);
    auto found = blocks_.find(key);
    if (found == blocks_.end()) return;
    Entry& entry = found->second;
    freed += entry.memory;
    memory_.release(entry.memory);
    if (spilled) {
      entry.block = {};
      entry.spilled = std::move(spilled);
      entry.memory = 0;
      entry.moving = false;
    } else {
      recent_.erase(entry.place);
      blocks_.erase(found);
    }
  }
  on_change_(change);
}

}  // namespace cerium
