// Cerium. Licensed under the Apache License 2.0.
// A sample of exactly n records: each task sends a reservoir of at most n records; one job.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "rdd/ops/random.h"

namespace cerium::api {

/// How many of `n` records chosen at random come from each part of these sizes. Without replacement, a part gives at
/// most all its records, and all parts give all if they have fewer than n. O(n log n + parts).
std::vector<uint64_t> sharesOf(const std::vector<uint64_t>& sizes, uint64_t n, bool with_replacement, Random& random);

/// Appends `k` random records of a part with `size` records. `reservoir` is a sample of it without replacement, of at
/// least k records or the whole part. With replacement, a draw repeats an earlier one with the probability that it
/// would have in the whole part.
template <class T>
void drawFrom(std::vector<T>& reservoir, uint64_t size, uint64_t k, bool with_replacement, Random& random,
              std::vector<T>& out) {
  uint64_t drawn = 0;
  for (uint64_t i = 0; i < k; ++i) {
    if (with_replacement) {
      const uint64_t place = random.below(size);
      if (place < drawn) {
        out.push_back(reservoir[place]);
        continue;
      }
    }
    using std::swap;
    swap(reservoir[drawn], reservoir[drawn + random.below(reservoir.size() - drawn)]);
    out.push_back(reservoir[drawn++]);
  }
}

/// Draws n records, in random order. Each part is its size and a reservoir of n records.
template <class T>
std::vector<T> drawSample(std::vector<std::pair<uint64_t, std::vector<T>>> parts, uint64_t n, bool with_replacement,
                          Random random) {
  std::vector<uint64_t> sizes;
  for (const auto& part : parts) sizes.push_back(part.first);
  const auto shares = sharesOf(sizes, n, with_replacement, random);
  std::vector<T> sample;
  for (size_t p = 0; p < parts.size(); ++p)
    drawFrom(parts[p].second, sizes[p], shares[p], with_replacement, random, sample);
  for (size_t i = 0; i + 1 < sample.size(); ++i) {
    using std::swap;
    swap(sample[i], sample[i + random.below(sample.size() - i)]);
  }
  return sample;
}

}  // namespace cerium::api
