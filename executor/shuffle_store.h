// Cerium. Licensed under the Apache License 2.0.
// The map outputs that one executor holds.
#pragma once

#include <map>
#include <memory>
#include <mutex>

#include "rdd/task_context.h"

namespace cerium {

/// Threads: all methods from any thread.
class ShuffleStore {
 public:
  explicit ShuffleStore(MemoryManager& memory) : memory_(memory) {}
  ~ShuffleStore();

  /// Keeps the output of a map task. Of two attempts the first one stays: readers may be in the midst of it.
  void put(ShuffleId shuffle, int map, MapOutput output);
  /// The segments of one reduce partition; null where the map output is not here.
  [[nodiscard]] std::shared_ptr<const std::vector<ShuffleSegment>> find(ShuffleId shuffle, int map, int reduce) const;
  void drop(ShuffleId shuffle);
  /// Moves all output from memory to disk. Throws IoError where that does not take it; what was moved stays moved.
  void moveToDisk(const std::shared_ptr<SpillSpace>& disk);

 private:
  MemoryManager& memory_;
  mutable std::mutex mutex_;
  std::map<std::pair<ShuffleId, int>, std::shared_ptr<const MapOutput>> outputs_;  // guarded by mutex_
};

}  // namespace cerium
