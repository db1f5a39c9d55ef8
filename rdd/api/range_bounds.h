// Cerium. Licensed under the Apache License 2.0.
// The bounds of a sort's ranges: from a sample of each partition, weighted by its size.
#pragma once

#include <algorithm>
#include <vector>

#include "rdd/api/support.h"
#include "rdd/ops/result_sinks.h"
#include "rdd/shuffle/radix_sort.h"

namespace cerium::api {

template <class K>
bool hasEqualNeighbours(const std::vector<K>& bounds) {
  for (size_t i = 1; i < bounds.size(); ++i) {
    if (KeyEqual()(bounds[i - 1], bounds[i])) return true;
  }
  return false;
}

/// n - 1 ascending bounds that cut the keys of `rdd` into n ranges with about the same number of records. Bounds are
/// equal if one key fills several ranges; there are fewer bounds if there are fewer keys than ranges. Runs one job over
/// all records.
template <class K, class Rdd>
std::vector<K> sampleBounds(const Rdd& rdd, int n, const Where& where) {
  if (n <= 1 || rdd.getNumPartitions() == 0) return {};
  // 1,000 samples for each range keep the largest range within a few per cent of the mean; a million in all fit into
  // the driver.
  const uint64_t wanted = std::min<uint64_t>(uint64_t{1000} * static_cast<uint64_t>(n), 1'000'000);
  const uint64_t size = std::max<uint64_t>(64, 2 * wanted / static_cast<uint64_t>(rdd.getNumPartitions()));
  auto key_of = [](const auto& pair) { return pair.first; };
  using End = ops::SampleKeys<K, decltype(key_of)>;
  const auto job = rdd.startEnd(
      "sortByKey", End{{}, {Carried<std::pair<uint64_t, uint64_t>>{{size, 42}}, located("sortByKey", where, key_of)}},
      where);
  auto samples = job.wait();
  RecordBuffer<std::pair<K, double>> candidates;  // each with the number of records that it stands for
  double total = 0;
  for (auto& [seen, sample] : samples) {
    total += static_cast<double>(seen);
    for (auto&& key : sample)
      candidates.emplace_back(std::move(key), static_cast<double>(seen) / static_cast<double>(sample.size()));
  }
  job.merged([&] { sortPairs(candidates, KeyOrder()); });
  std::vector<K> bounds;
  double passed = 0;
  for (const auto& [key, weight] : candidates) {
    passed += weight;
    while (static_cast<int>(bounds.size()) < n - 1 && passed >= total * static_cast<double>(bounds.size() + 1) / n) {
      // There are fewer records than ranges: each key bounds one range.
      if (candidates.size() < static_cast<size_t>(n) && !bounds.empty() && KeyEqual().operator()<K>(bounds.back(), key))
        break;
      bounds.push_back(key);
      if (candidates.size() < static_cast<size_t>(n)) break;
    }
  }
  return bounds;
}

/// A RangePartitioner that, if `spread`, spreads a frequent key (a key that equals several bounds) over all partitions
/// that it bounds. Partitions that hold only one key are sorted in any order.
template <class K>
class SpreadRangePartitioner {
 public:
  SpreadRangePartitioner() = default;
  SpreadRangePartitioner(RangePartitioner<K> range, bool spread) : range_(std::move(range)), spread_(spread) {}

  [[nodiscard]] int numPartitions() const { return range_.numPartitions(); }
  [[nodiscard]] int getPartition(const K& key, int map, int64_t index) const {
    if (!spread_) return range_.getPartition(key);
    const auto& bounds = range_.bounds();
    auto [first, last] = std::equal_range(bounds.begin(), bounds.end(), key, KeyLess());
    const auto low = first - bounds.begin();
    const auto copies = last - first;
    // A key that equals `copies` bounds fills the ranges that end there, and part of the next one.
    const int partition = static_cast<int>(low + (copies > 1 ? (index + map) % copies : 0));
    return range_.ascending() ? partition : numPartitions() - 1 - partition;
  }
  [[nodiscard]] int getPartition(const K& key) const { return range_.getPartition(key); }
  template <class Archive>
  void serialize(Archive& archive) {
    archive(range_, spread_);
  }

 private:
  RangePartitioner<K> range_;
  bool spread_ = false;
};

}  // namespace cerium::api
