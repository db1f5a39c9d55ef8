// Cerium. Licensed under the Apache License 2.0.
// A small random generator. Its numbers depend on a seed and a partition, and are the same on every machine.
#pragma once

#include <cmath>
#include <cstdint>

#include "base/util/hash.h"

namespace cerium {

/// SplitMix64 (Steele, Lea, Flood, "Fast splittable pseudorandom number generators", 2014).
class Random {
 public:
  explicit Random(uint64_t seed, uint64_t stream = 0) : state_(keys::combine(keys::mix(seed + 1), stream)) {}

  uint64_t next() {
    uint64_t z = (state_ += 0x9e3779b97f4a7c15ULL);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
    return z ^ (z >> 31);
  }
  /// Uniform in [0, 1).
  double uniform() { return static_cast<double>(next() >> 11) * 0x1p-53; }
  /// Uniform in [0, n). REQUIRES: n > 0.
  uint64_t below(uint64_t n) { return static_cast<uint64_t>((static_cast<unsigned __int128>(next()) * n) >> 64); }
  /// Poisson distributed with this mean (Knuth, TAOCP vol. 2, 3.4.1), in steps, so that exp() does not underflow.
  int poisson(double mean) {
    int count = 0;
    for (; mean > 500; mean -= 500) count += poisson(500.0);
    const double limit = std::exp(-mean);
    for (double product = uniform(); product > limit; product *= uniform()) ++count;
    return count;
  }

 private:
  uint64_t state_;
};

}  // namespace cerium
