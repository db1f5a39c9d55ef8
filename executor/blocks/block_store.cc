// Cerium. Licensed under the Apache License 2.0.
#include "executor/blocks/block_store.h"

#include <set>

#include "base/util/exception_text.h"
#include "base/util/log.h"

namespace cerium {
namespace {
// The RDD whose block this thread is storing. Eviction spares its other blocks.
thread_local RddId t_filling;

/// The block with its bytes verified. Throws CorruptData if they do not match their checksum, and IoError if the disk
/// fails.
CachedBlock intact(const CachedBlock& block) {
  CachedBlock looked_at = block;
  for (CachedPiece& piece : looked_at.pieces) {
    const CheckedBytes bytes = piece.read();
    if (!bytes.isIntact()) throw CorruptData("its bytes in memory do not match their checksum: the memory is bad");
    if (looked_at.pieces.size() == 1) piece = {bytes, nullptr};
  }
  return looked_at;
}

}  // namespace

BlockStore::BlockStore(MemoryManager& memory, std::shared_ptr<SpillSpace> disk,
                       std::function<void(const BlockChange&)> on_change)
    : memory_(memory), disk_(std::move(disk)), on_change_(std::move(on_change)) {}

std::optional<CachedBlock> BlockStore::find(RddId rdd, int partition) {
  const Key key{rdd, partition};
  std::shared_ptr<const CachedBlock> block;
  {
    MutexLock lock(mutex_);
    auto found = blocks_.find(key);
    if (found == blocks_.end()) return std::nullopt;
    recent_.splice(recent_.end(), recent_, found->second.place);
    block = found->second.block;
  }
  std::string why;
  try {
    return intact(*block);
  } catch (const CorruptData& e) {
    why = e.what();
  } catch (const IoError& e) {
    why = e.what();
  }
  dropBad(key, block, why);
  return std::nullopt;
}

/// Drops the block, unless another one has replaced it.
void BlockStore::dropBad(const Key& key, const std::shared_ptr<const CachedBlock>& bad, const std::string& why) {
  log::warn("cached partition {} of RDD {} is dropped and will be computed again: {}", key.second, key.first.value,
            why);
  {
    MutexLock lock(mutex_);
    auto found = blocks_.find(key);
    if (found == blocks_.end() || found->second.block != bad) return;
    memory_.release(found->second.memory);
    recent_.erase(found->second.place);
    blocks_.erase(found);
  }
  on_change_({key.first, key.second, false, 0, 0});
}

bool BlockStore::put(RddId rdd, int partition, StorageLevel level, CachedBlock block) {
  t_filling = rdd;
  Entry entry{level, nullptr, 0, false, {}};
  const size_t bytes = block.memory();
  if (bytes == 0 || (usesMemory(level) && memory_.tryReserve(bytes))) {
    entry.memory = bytes;
  } else if (usesDisk(level)) {
    block = block.inPieces(disk_, TaskContext::get());
  } else {
    return false;
  }
  entry.block = std::make_shared<const CachedBlock>(std::move(block));
  return insert({rdd, partition}, std::move(entry));
}

bool BlockStore::insert(const Key& key, Entry entry) {
  BlockChange change{key.first, key.second, true, 0, 0};
  {
    MutexLock lock(mutex_);
    auto known = blocks_.find(key);
    if (known != blocks_.end()) {
      // Another attempt stored the partition, or a copy was here: the first block stays.
      memory_.release(entry.memory);
    } else {
      entry.place = recent_.insert(recent_.end(), key);
      known = blocks_.emplace(key, std::move(entry)).first;
    }
    change.memory = known->second.memory;
    change.disk = known->second.block->disk();
  }
  on_change_(change);
  return true;
}

void BlockStore::dropRdd(RddId rdd) {
  std::vector<BlockChange> changes;
  {
    MutexLock lock(mutex_);
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
    MutexLock lock(mutex_);
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
    MutexLock lock(mutex_);
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
  MutexLock lock(mutex_);
  for (const Key& key : recent_) {
    Entry& entry = blocks_.at(key);
    if (entry.memory == 0 || entry.moving || key.first == filling) continue;
    entry.moving = true;
    return key;
  }
  return std::nullopt;
}

void BlockStore::relieve(const Key& key, size_t& freed) {
  std::shared_ptr<const CachedBlock> block;
  StorageLevel level;
  {
    MutexLock lock(mutex_);
    auto found = blocks_.find(key);
    if (found == blocks_.end()) return;
    block = found->second.block;
    level = found->second.level;
  }
  std::shared_ptr<const CachedBlock> moved;
  if (usesDisk(level)) {
    // A full disk, or the program's code that fails to encode another task's records, is not the fault of the task that
    // needs memory. The block is dropped; lineage can rebuild it.
    const auto thrown = guarded([&] { moved = std::make_shared<const CachedBlock>(block->inPieces(disk_, nullptr)); });
    if (thrown) {
      log::warn("cached partition {} of RDD {} is dropped, because it cannot be written to disk: {}", key.second,
                key.first.value, thrown->str());
    }
  }
  BlockChange change{key.first, key.second, moved != nullptr, 0, moved ? moved->disk() : 0};
  {
    MutexLock lock(mutex_);
    auto found = blocks_.find(key);
    if (found == blocks_.end()) return;
    Entry& entry = found->second;
    freed += entry.memory;
    memory_.release(entry.memory);
    if (moved) {
      entry.block = std::move(moved);
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
