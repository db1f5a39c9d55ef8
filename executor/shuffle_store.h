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

  /// Keeps the output of a map task. Of two attempts the first one stays, as it is what the driver knows of and others
  /// read, unless it is to be replaced. Returns the one that is kept.
  std::shared_ptr<const MapOutput> put(ShuffleId shuffle, int map, MapOutput output);
  /// The next output takes the place of the one that is here, if any: that cannot be read any more. Readers of its good
  /// parts go on until then.
  void replaceNext(ShuffleId shuffle, int map);
  /// Keeps the output that another executor made and the driver accepted, whatever was here.
  void adopt(ShuffleId shuffle, int map, MapOutput output);
  /// The segments of one reduce partition; null where the map output is not here.
  [[nodiscard]] std::shared_ptr<const std::vector<ShuffleSegment>> find(ShuffleId shuffle, int map, int reduce) const;
  void drop(ShuffleId shuffle);
  /// Moves all output from memory to disk. Throws IoError where that does not take it; what was moved stays moved.
  void moveToDisk(const std::shared_ptr<SpillSpace>& disk);

 private:
  using Key = std::pair<ShuffleId, int>;
  struct Entry {
    std::shared_ptr<const MapOutput> output;
    bool is_replaced_next = false;
  };

  MemoryManager& memory_;
  mutable std::mutex mutex_;
  std::map<Key, Entry> outputs_;  // guarded by mutex_
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
