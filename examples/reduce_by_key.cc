// Cerium. Licensed under the Apache License 2.0.
// reduceByKey on five pairs: one value for each key, combined by a function of two values.
#include <cerium/cerium.h>

#include <algorithm>
#include <iostream>

int main() {
  cerium::Context sc(cerium::Conf().setAppName("reduceByKey"));
  using Pair = std::pair<std::string, int>;
  auto pairs = sc.parallelize<Pair>({{"a", 1}, {"b", 2}, {"a", 3}, {"b", 4}, {"c", 5}});

  auto sums = pairs.reduceByKey([](int x, int y) { return x + y; }).collect();

  std::sort(sums.begin(), sums.end());  // after a shuffle keys are not sorted
  for (const auto& [key, sum] : sums) std::cout << key << ' ' << sum << '\n';
  return sums == std::vector<Pair>{{"a", 4}, {"b", 6}, {"c", 5}} ? 0 : 1;
}
