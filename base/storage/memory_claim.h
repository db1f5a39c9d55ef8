// Cerium. Licensed under the Apache License 2.0.
// The memory of an operator that can spill: a sort, a hash table, a buffer of column batches.
#pragma once

#include "base/storage/memory_manager.h"

namespace cerium {

/// Call grow() before taking memory; where it says no, write what is held to disk (rdd/shuffle/spilled_buckets.h,
/// rdd/shuffle/external_sort.h) and release(). Released with the object. Threads: one, the task's.
class MemoryClaim {
 public:
  /// What an operator may always have, as it cannot work without any memory.
  static constexpr size_t kAlwaysHad = size_t{256} << 10;

  explicit MemoryClaim(MemoryManager& memory) : reserved_(memory) {}

  /// Makes the claim `bytes` in all. Returns false, without a change, if the executor has no room for them.
  [[nodiscard]] bool grow(size_t bytes) {
    if (reserved_.tryResize(bytes)) return true;
    if (bytes > kAlwaysHad) return false;
    reserved_.resizeAnyway(bytes);
    return true;
  }
  /// As grow(), without the exception for little memory: for what is useful but not needed.
  [[nodiscard]] bool growWithin(size_t bytes) { return reserved_.tryResize(bytes); }
  /// True once another task lacks memory while this one holds more than its part: spill soon. Costs a load.
  [[nodiscard]] bool isAskedToShrink() const { return reserved_.isAskedToShrink(); }
  /// Sets the claim to less, or to what is held beyond the budget already.
  void set(size_t bytes) { reserved_.resizeAnyway(bytes); }
  void release() { set(0); }
  [[nodiscard]] size_t bytes() const { return reserved_.bytes(); }

 private:
  Reservation reserved_;
};

}  // namespace cerium
