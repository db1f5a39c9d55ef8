// Cerium. Licensed under the Apache License 2.0.
// The cached partitions of one executor, each stored as its level says: typed or encoded in memory, or on disk.
#pragma once

#include <functional>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "base/util/mutex.h"
#include "rdd/task.h"
#include "rdd/task_context.h"

namespace cerium {

/// Stores cached partitions. Threads: all methods from any thread; no I/O under its lock.
/// When memory is short, the least recently used blocks are moved to disk or dropped, as their level says. Blocks of
/// the RDD that is being stored are spared: dropping one partition to cache the next of the same RDD would gain
/// nothing.
class BlockStore {
 public:
  BlockStore(MemoryManager& memory, std::shared_ptr<SpillSpace> disk,
             std::function<void(const BlockChange&)> on_change);

  /// The block, if it is here and its bytes are intact; a damaged block is dropped and computed again. All bytes of a
  /// block on disk are checked; if it has one piece, that is in memory then. O(log blocks), plus the read.
  [[nodiscard]] std::optional<CachedBlock> find(RddId rdd, int partition);
  /// Stores a block. Returns false if neither memory nor (if the level allows it) disk has room.
  bool put(RddId rdd, int partition, StorageLevel level, CachedBlock block);
  void dropRdd(RddId rdd);
  void drop(RddId rdd, int partition);
  void dropAll();
  /// Frees `wanted` bytes of memory if possible. The MemoryManager's evictor.
  void evict(size_t wanted);

 private:
  using Key = std::pair<RddId, int>;
  struct Entry {
    StorageLevel level;
    std::shared_ptr<const CachedBlock> block;
    size_t memory = 0;    ///< Bytes charged to the MemoryManager.
    bool moving = false;  ///< It is being written to disk and not chosen again.
    std::list<Key>::iterator place;
  };

  bool insert(const Key& key, Entry entry);
  void dropBad(const Key& key, const std::shared_ptr<const CachedBlock>& bad, const std::string& why);
  std::optional<Key> victim(RddId filling);
  void relieve(const Key& key, size_t& freed);

  MemoryManager& memory_;
  const std::shared_ptr<SpillSpace> disk_;
  const std::function<void(const BlockChange&)> on_change_;
  Mutex mutex_;
  std::map<Key, Entry> blocks_ CERIUM_GUARDED_BY(mutex_);
  std::list<Key> recent_ CERIUM_GUARDED_BY(mutex_);  // least recently used first
};

}  // namespace cerium
