// Cerium. Licensed under the Apache License 2.0.
// Counts distinct hashes in little memory (Flajolet et al., "HyperLogLog", 2007; small counts by linear counting, as in
// Heule et al., "HyperLogLog in Practice", 2013).
#pragma once

#include <cstdint>
#include <vector>

namespace cerium {

/// A sketch of a set of 64-bit hashes. Merging two sketches gives the sketch of the union.
class HyperLogLog {
 public:
  HyperLogLog() = default;
  /// `relative_sd`: the relative standard deviation of the estimate, from 0.0001 to 0.4; memory grows with its inverse
  /// square. Throws InvalidArgument for other values.
  explicit HyperLogLog(double relative_sd);

  void add(uint64_t hash) {
    const uint64_t index = hash >> (64 - bits_);
    const int rank = (hash << bits_) == 0 ? 65 - bits_ : __builtin_clzll(hash << bits_) + 1;
    if (registers_[index] < rank) registers_[index] = static_cast<uint8_t>(rank);
  }
  void merge(const HyperLogLog& other);
  [[nodiscard]] int64_t estimate() const;

  template <class Archive>
  void serialize(Archive& archive) {
    archive(bits_, registers_);
  }

 private:
  int bits_ = 4;
  std::vector<uint8_t> registers_;
};

}  // namespace cerium
