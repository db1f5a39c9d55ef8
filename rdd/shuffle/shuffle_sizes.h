// Cerium. Licensed under the Apache License 2.0.
// How large the parts of a shuffle are. Map tasks measure them as they write; the driver adds them up, so that a plan
// or a schedule can follow the exact sizes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/util/bytes.h"

namespace cerium {

/// The records that one map task, or all of them, wrote for one reduce partition. `bytes` is what the records take when
/// encoded, without the headers of segments and before compression.
struct PartSize {
  int64_t bytes = 0;
  int64_t records = 0;
  PartSize& operator+=(const PartSize& other) {
    bytes += other.bytes;
    records += other.records;
    return *this;
  }
  bool operator==(const PartSize&) const = default;
};

/// The sizes of one map task's output as they travel: a byte for an empty part, some bytes for each other one.
[[nodiscard]] Bytes encodeSizes(const std::vector<PartSize>& parts);
/// Throws CorruptData for bytes that are not such sizes.
[[nodiscard]] std::vector<PartSize> decodeSizes(const Bytes& bytes);

/// The sizes of one shuffle. The sums by reduce partition are exact. The figures of a single map task are exact for all
/// its parts if the shuffle has at most kMostParts parts (maps x reduces), and else for its largest parts, kMostParts
/// over all map tasks: so a shuffle of 10,000 x 10,000 parts takes some 2 MB. Threads: externally synchronised.
class ShuffleSizes {
 public:
  static constexpr size_t kMostParts = size_t{1} << 16;

  ShuffleSizes(int num_maps, int num_reduces);

  /// Notes the output of a map task, `parts` by reduce partition. It replaces the sizes of an earlier output of the
  /// same map task; if not all of those were kept, the sums are too large from then on. Another number of parts is
  /// ignored.
  void put(int map, const std::vector<PartSize>& parts);

  [[nodiscard]] int numMaps() const { return static_cast<int>(maps_.size()); }
  [[nodiscard]] int numReduces() const { return static_cast<int>(reduces_.size()); }
  /// True until an output was replaced whose sizes were not all kept.
  [[nodiscard]] bool isExact() const { return is_exact_; }
  /// All that the map tasks wrote for one reduce partition.
  [[nodiscard]] const PartSize& ofReduce(int reduce) const { return reduces_[static_cast<size_t>(reduce)]; }
  [[nodiscard]] const std::vector<PartSize>& byReduce() const { return reduces_; }
  [[nodiscard]] PartSize total() const;
  /// What map task `map` wrote for `reduce`: the exact figure if it was kept, else the mean of its parts that were not.
  /// O(log kept).
  [[nodiscard]] PartSize of(int map, int reduce) const;

 private:
  struct Part {
    int32_t reduce = 0;
    PartSize size;
  };
  struct Map {
    std::vector<Part> kept;  ///< In the order of reduce partitions; empty parts are left out.
    PartSize rest;           ///< The sum of the other parts.
    int64_t rest_parts = 0;  ///< How many there are, without empty ones.
  };
  void subtract(const Map& map);
  static void keepLargest(Map& map, size_t most);

  const size_t kept_by_map_;
  std::vector<PartSize> reduces_;
  std::vector<Map> maps_;
  bool is_exact_ = true;
};

}  // namespace cerium
