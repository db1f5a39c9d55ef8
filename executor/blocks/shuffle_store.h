// Cerium. Licensed under the Apache License 2.0.
// The map outputs that one executor holds.
#pragma once

#include <atomic>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "rdd/task_context.h"

namespace cerium {

/// Threads: all methods from any thread.
class ShuffleStore {
 public:
  explicit ShuffleStore(MemoryManager& memory) : memory_(memory) {}
  ~ShuffleStore();

  /// Keeps the output of a map task. One of the same checksum is replaced (its bytes on disk may be bad); beside one of
  /// another it stays, for only the driver knows which of them its readers are to have. False where `task`, which made
  /// it, was told to stop: the driver tells that first, then drops the shuffle, so output that comes too late for the
  /// drop is not kept.
  bool put(ShuffleId shuffle, int map, MapOutput output, const TaskContext* task = nullptr);
  /// The segments of one reduce partition; null where the map output, or the one of this checksum, is not here. Without
  /// a checksum the output that came last.
  [[nodiscard]] std::shared_ptr<const std::vector<ShuffleSegment>> find(
      ShuffleId shuffle, int map, int reduce, std::optional<uint64_t> checksum = std::nullopt);
  void drop(ShuffleId shuffle);
  /// Moves all output from memory to disk. Throws IoError where that does not take it; what was moved stays moved.
  void moveToDisk(const std::shared_ptr<SpillSpace>& disk);
  /// Moves output of the oldest shuffles to disk until `wanted` bytes of memory are free, or what there is. Output that
  /// the disk does not take, or that code of the program's fails to encode, stays.
  void evict(size_t wanted, const std::shared_ptr<SpillSpace>& disk);
  /// Moves to disk what is not likely to be read again, as evict() does: a program that iterates reads each shuffle
  /// once, but its lineage keeps them all, in case that output is lost. Cheap where there is nothing to move.
  void evictCold(const std::shared_ptr<SpillSpace>& disk);

 private:
  using Key = std::pair<ShuffleId, int>;
  using Attempts = std::vector<std::shared_ptr<const MapOutput>>;  // of one map task, one a checksum, the last one last
  struct Held {
    Attempts attempts;
    size_t times_read = 0;  ///< Of single reduce partitions.
  };
  using Outputs = std::vector<std::pair<Key, std::shared_ptr<const MapOutput>>>;
  // Of the shuffles that were read, so many of the last ones stay in memory...
  static constexpr size_t kWarm = 2;
  // ...and of older ones, so much of their output.
  static constexpr size_t kColdBytes = size_t{32} << 20;

  /// Of one shuffle, or of all.
  [[nodiscard]] Outputs inMemory(std::optional<ShuffleId> shuffle = std::nullopt) const;
  /// Moves these to disk until `wanted` bytes of memory are free.
  void evict(const Outputs& outputs, size_t wanted, const std::shared_ptr<SpillSpace>& disk);
  void countRead(ShuffleId shuffle, Held& held, size_t partitions);
  [[nodiscard]] std::vector<ShuffleId> takeCold();
  void moveToDisk(const Key& key, const std::shared_ptr<const MapOutput>& output,
                  const std::shared_ptr<SpillSpace>& disk);

  MemoryManager& memory_;
  std::mutex evicting_;  ///< Held while some are moved, so that no two threads move the same.
  mutable std::mutex mutex_;
  std::map<Key, Held> outputs_;      // guarded by mutex_
  std::deque<ShuffleId> were_read_;  // guarded by mutex_; whole outputs of theirs, the last one last
  std::vector<ShuffleId> cold_;      // guarded by mutex_; stay in memory until there is kColdBytes of them
  std::atomic<bool> is_any_cold_{false};
};

/// Which map output, and who holds it.
struct MapOutputPlace {
  ShuffleId shuffle;
  int map = 0;
  ExecutorId executor;
};
/// The bytes of a segment on this machine's disk. Throws FetchFailed where they cannot be read as they were written, so
/// that the map task runs again.
std::shared_ptr<const Bytes> readSpilled(const SpilledBytes& segment, const MapOutputPlace& place);

}  // namespace cerium
