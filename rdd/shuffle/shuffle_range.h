// Cerium. Licensed under the Apache License 2.0.
// What one reader reads of a shuffle.
#pragma once

#include "base/util/ids.h"

namespace cerium {

/// The reduce partitions [reduce_begin, reduce_end) of the map outputs [map_begin, map_end). A task usually reads one
/// reduce partition of all map outputs; a plan that follows sizes reads several small ones in one task, or a large one
/// in several tasks, each some of the map outputs.
struct ShuffleRange {
  ShuffleId shuffle;
  int reduce_begin = 0;
  int reduce_end = 0;
  int map_begin = 0;
  int map_end = 0;
  int num_reduces = 0;  ///< Of the whole shuffle.
  bool operator==(const ShuffleRange&) const = default;
};

}  // namespace cerium
