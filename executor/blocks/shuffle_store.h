// Cerium. Licensed under the Apache License 2.0.
// The map outputs of one executor.
#pragma once

#include <atomic>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <vector>

#include "base/util/mutex.h"
#include "rdd/task_context.h"

namespace cerium {

/// Stores map outputs. Threads: all methods from any thread.
class ShuffleStore {
 public:
  explicit ShuffleStore(MemoryManager& memory) : memory_(memory) {}
  ~ShuffleStore();

  /// Stores the output of a map task. It replaces an output with the same checksum, whose bytes on disk may be bad;
  /// outputs with different checksums are kept side by side, because only the driver knows which one a reader needs.
  /// Returns false, without storing it, if `task`, which made it, was told to stop: the driver stops tasks before it
  /// drops a shuffle, so a late output must not be stored after the drop.
  bool put(ShuffleId shuffle, int map, MapOutput output, const TaskContext* task = nullptr);
  /// The segments of one reduce partition; null if the map output with this checksum is not here. Without a checksum,
  /// the output stored last.
  [[nodiscard]] std::shared_ptr<const std::vector<ShuffleSegment>> find(
      ShuffleId shuffle, int map, int reduce, std::optional<uint64_t> checksum = std::nullopt);
  /// Tells that the readers of `shuffle` cache what they compute from it: its output counts as cold once it was read.
  void markReadOnce(ShuffleId shuffle);
  void drop(ShuffleId shuffle);
  /// Moves all output from memory to disk. Throws IoError if the disk is full; moved output stays on disk.
  void moveToDisk(const std::shared_ptr<SpillSpace>& disk);
  /// Moves output of the oldest shuffles to disk until `wanted` bytes of memory are free, or all is moved. Output that
  /// the disk does not take, or that the program's code fails to encode, stays in memory.
  void evict(size_t wanted, const std::shared_ptr<SpillSpace>& disk);
  /// Moves output that will hardly be read again to disk, as evict() does. A program that iterates reads each shuffle
  /// once, but its lineage keeps them all in case output is lost. Cheap if there is nothing to move.
  void evictCold(const std::shared_ptr<SpillSpace>& disk);

 private:
  using Key = std::pair<ShuffleId, int>;
  // the outputs of one map task, one for each checksum, newest last
  using Attempts = std::vector<std::shared_ptr<const MapOutput>>;
  struct Held {
    Attempts attempts;
    size_t times_read = 0;  ///< How many single reduce partitions were read.
  };
  using Outputs = std::vector<std::pair<Key, std::shared_ptr<const MapOutput>>>;
  // This many of the shuffles that were read last stay in memory.
  static constexpr size_t kWarm = 2;
  // This many bytes of older shuffles stay in memory.
  static constexpr size_t kColdBytes = size_t{32} << 20;

  /// The outputs in memory of one shuffle, or of all.
  [[nodiscard]] Outputs inMemory(std::optional<ShuffleId> shuffle = std::nullopt) const;
  /// Moves `outputs` to disk until `wanted` bytes of memory are free.
  void evict(const Outputs& outputs, size_t wanted, const std::shared_ptr<SpillSpace>& disk) CERIUM_REQUIRES(evicting_);
  void countRead(ShuffleId shuffle, Held& held, size_t partitions) CERIUM_REQUIRES(mutex_);
  void cool(ShuffleId shuffle) CERIUM_REQUIRES(mutex_);
  [[nodiscard]] std::vector<ShuffleId> takeCold();
  void moveToDisk(const Key& key, const std::shared_ptr<const MapOutput>& output,
                  const std::shared_ptr<SpillSpace>& disk);

  MemoryManager& memory_;
  Mutex evicting_;  ///< Held while output is moved, so that two threads do not move the same.
  mutable Mutex mutex_;
  std::map<Key, Held> outputs_ CERIUM_GUARDED_BY(mutex_);
  std::deque<ShuffleId> were_read_ CERIUM_GUARDED_BY(mutex_);  // shuffles whose whole output was read, newest last
  std::set<ShuffleId> read_once_ CERIUM_GUARDED_BY(mutex_);    // shuffles that markReadOnce() named
  std::vector<ShuffleId> cold_ CERIUM_GUARDED_BY(mutex_);  // shuffles that stay in memory until they hold kColdBytes
  std::atomic<bool> is_any_cold_{false};
};

/// A map output and its executor.
struct MapOutputPlace {
  ShuffleId shuffle;
  int map = 0;
  ExecutorId executor;
};
/// A segment of this process's store, for `task`, in whose figures it counts as local: a reference to memory, or the
/// bytes on disk. Throws FetchFailed if these cannot be read as they were written; then the map task runs again.
FetchedSegment readLocal(TaskContext& task, const ShuffleSegment& segment, const MapOutputPlace& place);

}  // namespace cerium
