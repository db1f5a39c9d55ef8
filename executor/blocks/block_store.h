// Cerium. Licensed under the Apache License 2.0.
// The cached partitions of one executor: typed or encoded in memory, or on disk, each as its storage level says.
#pragma once

#include <functional>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "rdd/task.h"
#include "rdd/task_context.h"

namespace cerium {

/// Threads: all methods from any thread. No I/O happens under its lock.
/// When memory is short the least recently used blocks go first, to disk or altogether as their level says, but never
/// those of the RDD that is being filled: dropping one partition to cache the next of the same RDD would gain nothing.
class BlockStore {
 public:
  BlockStore(MemoryManager& memory, std::shared_ptr<SpillSpace> disk,
             std::function<void(const BlockChange&)> on_change);

  /// The block, if it is here. Of one on disk all bytes are looked at; if it has one piece, this is in memory then. One
  /// whose bytes are not as they were written is dropped: it is computed again. O(log blocks), plus the read.
  [[nodiscard]] std::optional<CachedBlock> find(RddId rdd, int partition);
  /// Keeps a block; false where neither memory nor (for its level) disk takes it.
  bool put(RddId rdd, int partition, StorageLevel level, CachedBlock block);
  void dropRdd(RddId rdd);
  void drop(RddId rdd, int partition);
  void dropAll();
  /// Frees `wanted` bytes of memory or what it can; the MemoryManager's evictor.
  void evict(size_t wanted);

 private:
  using Key = std::pair<RddId, int>;
  struct Entry {
    StorageLevel level;
    std::shared_ptr<const CachedBlock> block;
    size_t memory = 0;    ///< Charged to the MemoryManager.
    bool moving = false;  ///< Being written to disk; not to be chosen again.
    std::list<Key>::iterator place;
  };

  bool insert(const Key& key, Entry entry);
  void dropBad(const Key& key, const std::shared_ptr<const CachedBlock>& bad, const std::string& why);
  std::optional<Key> victim(RddId filling);
  void relieve(const Key& key, size_t& freed);

  MemoryManager& memory_;
  const std::shared_ptr<SpillSpace> disk_;
  const std::function<void(const BlockChange&)> on_change_;
  std::mutex mutex_;
  std::map<Key, Entry> blocks_;  // guarded by mutex_
  std::list<Key> recent_;        // guarded by mutex_; least recently used first
};

}  // namespace cerium
