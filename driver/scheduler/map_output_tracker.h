// Cerium. Licensed under the Apache License 2.0.
// Where the output of each map task is, and which map tasks have been counted. Private to
// driver/scheduler/dag_scheduler.cc.
#pragma once

#include <memory>
#include <optional>
#include <unordered_map>
#include <vector>

#include "base/util/ids.h"
#include "driver/scheduler/dag_scheduler.h"
#include "rdd/shuffle/shuffle_sizes.h"

namespace cerium {

/// Map outputs by shuffle. Unknown shuffles and map indexes out of range are ignored: both come in late messages.
/// Threads: externally synchronised.
class MapOutputTracker {
 public:
  /// Starts to follow a shuffle; nothing happens where it is known.
  void add(ShuffleId shuffle, int num_maps, int num_reduces);
  void release(ShuffleId shuffle);

  /// kKnown: there is an output of this map task already, which stays. kChanged: it is kept, but it differs from the
  /// one that was lost before.
  enum class Put { kKnown, kKept, kChanged };
  Put put(ShuffleId shuffle, int map, MapOutputStatus status, const std::vector<PartSize>& sizes = {});
  /// True once in the life of the shuffle for each map task.
  bool countOnce(ShuffleId shuffle, int map);

  /// Forgets one output if it is the one that `source` holds; says whether it was.
  bool forget(ShuffleId shuffle, int map, ExecutorId source);
  /// Forgets all outputs; says whether there was one.
  bool forgetAll(ShuffleId shuffle);
  /// Forgets all that the executor held; returns the shuffles that lost something.
  std::vector<ShuffleId> forgetExecutor(ExecutorId executor);

  /// The shuffles that the map tasks of this one read.
  void setInputs(ShuffleId shuffle, std::vector<ShuffleId> inputs);
  /// All shuffles with outputs or stages that were computed from this one, directly or not; in order.
  [[nodiscard]] std::vector<ShuffleId> computedFrom(ShuffleId shuffle) const;

  /// The output is served by `to` from now on, if it was `from` that held it.
  void move(ShuffleId shuffle, int map, ExecutorId from, ExecutorId to);
  /// What the executor holds: (shuffle, map), in order.
  [[nodiscard]] std::vector<std::pair<ShuffleId, int>> heldBy(ExecutorId executor) const;

  [[nodiscard]] bool complete(ShuffleId shuffle) const;
  /// In ascending order.
  [[nodiscard]] std::vector<int> missing(ShuffleId shuffle) const;
  /// As it is now: later changes make a copy while anyone holds it. Empty where the shuffle is not known.
  [[nodiscard]] std::shared_ptr<const MapOutputs> outputs(ShuffleId shuffle) const;
  [[nodiscard]] int64_t epoch(ShuffleId shuffle) const;
  /// The sizes of the outputs that were put, also of lost ones: an output that is made again has the same sizes, or
  /// replaces them. What is returned does not change. Null where the shuffle is not known.
  [[nodiscard]] std::shared_ptr<const ShuffleSizes> sizes(ShuffleId shuffle) const;
  /// 0 where the shuffle is not known.
  [[nodiscard]] int numReduces(ShuffleId shuffle) const;

 private:
  struct Shuffle {
    std::shared_ptr<MapOutputs> outputs;
    std::vector<bool> counted;
    std::vector<std::optional<uint64_t>> checksums;  // of the last output of each map task, also of one that is lost
    std::shared_ptr<ShuffleSizes> sizes;
    std::vector<ShuffleId> inputs;
    int num_reduces = 0;
    size_t missing = 0;
    int64_t epoch = 0;
    std::unordered_map<ExecutorId, int> held;  // outputs per executor, so that a loss costs what it touches
  };
  Shuffle* find(ShuffleId shuffle, int map);
  void drop(Shuffle& shuffle, int map);
  /// The place of an output that is about to change.
  static std::optional<MapOutputStatus>& change(Shuffle& shuffle, int map);
  static void noteSizes(Shuffle& shuffle, int map, const std::vector<PartSize>& sizes);

  std::unordered_map<ShuffleId, Shuffle> shuffles_;
  int64_t last_epoch_ = 0;  // one counter for all: an epoch never repeats, even when a shuffle comes back
};

}  // namespace cerium
