// Cerium. Licensed under the Apache License 2.0.
// A first look at an RDD: its source and its partitions. A transformation runs nothing until an action needs results.
#include <cerium/cerium.h>

#include <iostream>
#include <numeric>

int main() {
  cerium::Context sc(cerium::Conf().setAppName("first look"));
  std::vector<int> numbers(1000);
  std::iota(numbers.begin(), numbers.end(), 0);

  auto rdd = sc.parallelize(numbers, 2);
  std::cout << "first: " << rdd.first() << '\n';
  std::cout << "partitions: " << rdd.getNumPartitions() << '\n';

  auto calls = sc.longAccumulator("calls of the function");
  auto squares = rdd.map([calls](int x) {
    calls += 1;
    return x * x;
  });
  std::cout << "calls before an action: " << calls.value() << '\n';
  auto taken = squares.take(10);
  std::cout << "take(10):";
  for (int square : taken) std::cout << ' ' << square;
  std::cout << "\ncalls after it: " << calls.value() << '\n';

  const std::vector<int> expected = {0, 1, 4, 9, 16, 25, 36, 49, 64, 81};
  return rdd.first() == 0 && rdd.getNumPartitions() == 2 && taken == expected ? 0 : 1;
}
