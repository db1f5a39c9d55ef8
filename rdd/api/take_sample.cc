// Cerium. Licensed under the Apache License 2.0.
#include "rdd/api/take_sample.h"

#include <algorithm>
#include <numeric>
#include <unordered_set>

namespace cerium::api {

std::vector<uint64_t> sharesOf(const std::vector<uint64_t>& sizes, uint64_t n, bool with_replacement, Random& random) {
  const uint64_t total = std::accumulate(sizes.begin(), sizes.end(), uint64_t{0});
  std::vector<uint64_t> shares(sizes.size(), 0);
  if (total == 0) return shares;
  if (!with_replacement && n >= total) return sizes;

  std::vector<uint64_t> chosen;  // places in the concatenation of all parts
  if (with_replacement) {
    for (uint64_t i = 0; i < n; ++i) chosen.push_back(random.below(total));
  } else {  // Floyd's algorithm (Bentley, Floyd, "Programming pearls: a sample of brilliance", 1987)
    std::unordered_set<uint64_t> known;
    for (uint64_t top = total - n; top < total; ++top) {
      const uint64_t place = random.below(top + 1);
      chosen.push_back(known.insert(place).second ? place : *known.insert(top).first);
    }
  }
  std::sort(chosen.begin(), chosen.end());
  uint64_t end = 0;
  auto at = chosen.begin();
  for (size_t p = 0; p < sizes.size(); ++p) {
    end += sizes[p];
    for (; at != chosen.end() && *at < end; ++at) ++shares[p];
  }
  return shares;
}

}  // namespace cerium::api
