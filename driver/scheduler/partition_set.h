// Cerium. Licensed under the Apache License 2.0.
// A set of partitions that takes a few bits each where they lie together: a stage may have ten million.
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <cstddef>
#include <cstdint>

namespace cerium {

/// Threads: externally synchronised. Partitions are not negative.
class PartitionSet {
 public:
  /// False where it was in the set.
  bool insert(int partition) {
    uint64_t& word = words_[partition / kBits];
    if ((word & bitOf(partition)) != 0) return false;
    word |= bitOf(partition);
    ++size_;
    return true;
  }
  /// False where it was not in the set.
  bool erase(int partition) {
    const auto word = words_.find(partition / kBits);
    if (word == words_.end() || (word->second & bitOf(partition)) == 0) return false;
    word->second &= ~bitOf(partition);
    --size_;
    if (word->second == 0) words_.erase(word);
    return true;
  }
  [[nodiscard]] bool contains(int partition) const {
    const auto word = words_.find(partition / kBits);
    return word != words_.end() && (word->second & bitOf(partition)) != 0;
  }
  void clear() {
    words_ = {};
    size_ = 0;
  }
  [[nodiscard]] bool empty() const { return size_ == 0; }
  [[nodiscard]] size_t size() const { return size_; }

 private:
  static constexpr int kBits = 64;
  static uint64_t bitOf(int partition) { return uint64_t{1} << (partition % kBits); }

  boost::unordered_flat_map<int, uint64_t> words_;  // by partition / kBits; none is 0
  size_t size_ = 0;
};

}  // namespace cerium
