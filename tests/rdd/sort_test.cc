// Cerium. Licensed under the Apache License 2.0.
// Sorting: order, even partitions for all keys, and the special values of floating point.
#include <cmath>
#include <limits>

#include "tests/support/each_master.h"

namespace cerium {

using testing::numbers;
using testing::onEachMaster;
using testing::partitionSizes;
using testing::sorted;
using Ints = std::vector<int>;
using Pairs = std::vector<std::pair<int, int>>;

namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

/// 0 ... n - 1 in a random order.
Ints shuffled(int n) {
  Ints all = numbers(0, n);
  uint64_t state = 99;
  for (size_t i = all.size(); i > 1; --i) {
    state = state * 6364136223846793005 + 1442695040888963407;
    std::swap(all[i - 1], all[(state >> 33) % i]);
  }
  return all;
}

template <class Rdd>
double largestOverMean(const Rdd& rdd) {
  auto sizes = partitionSizes(rdd);
  double sum = 0;
  for (size_t size : sizes) sum += static_cast<double>(size);
  return static_cast<double>(*std::max_element(sizes.begin(), sizes.end())) * static_cast<double>(sizes.size()) / sum;
}

}  // namespace

TEST_CASE("sortByKey and sortBy order all records over all partitions", "[rdd]") {
  onEachMaster([](Context& sc) {
    auto rdd = sc.parallelize(shuffled(5000), 7);
    CHECK(rdd.sortBy([](int x) { return x; }).collect() == numbers(0, 5000));
    auto descending = rdd.sortBy([](int x) { return x; }, false, 3).collect();
    CHECK(std::is_sorted(descending.rbegin(), descending.rend()));
    CHECK(descending.size() == 5000);
    CHECK(rdd.sortBy([](int x) { return std::to_string(x); }).take(3) == Ints{0, 1, 10});
    auto pairs = rdd.map([](int x) { return std::pair(x, -x); });
    CHECK(pairs.sortByKey().values().first() == 0);
    CHECK(pairs.sortByKey(false).first() == std::pair(4999, -4999));
    CHECK(pairs.sortByKey(true, 4).getNumPartitions() == 4);
    CHECK(pairs.sortByKey().getNumPartitions() == 7);
    CHECK(largestOverMean(pairs.sortByKey(true, 8)) <= 1.5);
    CHECK(sc.parallelize(Ints(), 3).sortBy([](int x) { return x; }).collect().empty());
    CHECK(sc.parallelize({1}, 3).sortBy([](int x) { return x; }, true, 5).collect() == Ints{1});
  });
}

TEST_CASE("a sort is balanced when most keys are equal", "[rdd]") {
  onEachMaster([](Context& sc) {
    // Nine of ten records have the key 500.
    auto rdd =
        sc.parallelize(shuffled(20'000), 6).map([](int x) { return std::pair(x % 10 == 0 ? x % 1000 : 500, x); });
    for (bool ascending : {true, false}) {
      auto sort = rdd.sortByKey(ascending, 8);
      CHECK(largestOverMean(sort) <= 2);
      auto keys = sort.keys().collect();
      CHECK(keys.size() == 20'000);
      if (!ascending) std::reverse(keys.begin(), keys.end());
      CHECK(std::is_sorted(keys.begin(), keys.end()));
      CHECK(sorted(sort.values().collect()) == numbers(0, 20'000));
      // The sort's partitioner must be true: a look-up still finds all values of the frequent key.
      CHECK(sort.lookup(500).size() == rdd.lookup(500).size());
      CHECK(sort.countByKey().at(500) == rdd.countByKey().at(500));
      CHECK(sort.reduceByKey([](int a, int b) { return std::max(a, b); }).keys().distinct().count() ==
            sort.reduceByKey([](int a, int b) { return std::max(a, b); }).count());
    }
    auto all_equal = sc.parallelize(numbers(0, 8000), 4).map([](int x) { return std::pair(7, x); }).sortByKey(true, 4);
    CHECK(largestOverMean(all_equal) <= 2);
    CHECK(sorted(all_equal.values().collect()) == numbers(0, 8000));
    auto by_value = sc.parallelize(numbers(0, 8000), 4).sortBy([](int x) { return x < 7000 ? 0 : x; }, true, 8);
    CHECK(largestOverMean(by_value) <= 2);
  });
}

TEST_CASE("equal keys keep the order of the input inside a partition", "[rdd]") {
  onEachMaster([](Context& sc) {
    auto sort = sc.parallelize(numbers(0, 100), 4).map([](int x) { return std::pair(x % 3, x); }).sortByKey(true, 1);
    auto pairs = sort.collect();
    CHECK(std::is_sorted(pairs.begin(), pairs.end()));
    auto down =
        sc.parallelize(numbers(0, 100), 4).map([](int x) { return std::pair(x % 3, x); }).sortByKey(false, 1).collect();
    CHECK(down.front() == std::pair(2, 2));
    CHECK(down.back() == std::pair(0, 99));
  });
}

TEST_CASE("NaN sorts last and equals itself as a key, -0.0 equals 0.0", "[rdd]") {
  onEachMaster([](Context& sc) {
    const std::vector<double> values = {kNan, 3, -std::numeric_limits<double>::infinity(), -0.0, 0.0, kNan, 1};
    auto rdd = sc.parallelize(values, 3);
    auto up = rdd.sortBy([](double x) { return x; }).collect();
    REQUIRE(up.size() == 7);
    CHECK(std::isinf(up[0]));
    CHECK(up[3] == 1);
    CHECK(up[4] == 3);
    CHECK((std::isnan(up[5]) && std::isnan(up[6])));
    CHECK(std::isnan(rdd.sortBy([](double x) { return x; }, false).first()));
    CHECK(std::isnan(rdd.max()));
    CHECK(std::isinf(rdd.min()));
    CHECK(std::isnan(rdd.top(1)[0]));

    CHECK(rdd.distinct().count() == 5);
    auto counts = rdd.map([](double x) { return std::pair(x, 1); }).reduceByKey(std::plus<>(), 4).collectAsMap();
    CHECK(counts.at(kNan) == 2);
    CHECK(counts.at(0.0) == 2);
    CHECK(counts.at(-0.0) == 2);
    auto by_nan = rdd.map([](double x) { return std::pair(std::pair(x, std::string("k")), 1); });
    CHECK(by_nan.countByKey().at({kNan, "k"}) == 2);
    CHECK(by_nan.join(by_nan).count() == 4 + 4 + 3);
    CHECK(rdd.countByValue().at(kNan) == 2);
    CHECK(rdd.intersection(sc.parallelize({kNan, 0.0}, 1)).count() == 2);
    CHECK(rdd.map([](double x) { return std::pair(x, 1); }).lookup(kNan).size() == 2);
  });
}

TEST_CASE("repartitionAndSortWithinPartitions places and sorts in one shuffle", "[rdd]") {
  onEachMaster([](Context& sc) {
    auto rdd = sc.parallelize(shuffled(1000), 5).map([](int x) { return std::pair(x, x); });
    RDD<std::pair<int, int>> placed = rdd.repartitionAndSortWithinPartitions(HashPartitioner(3));
    CHECK(placed.partitioner() == Partitioner(HashPartitioner(3)));
    CHECK(placed.getNumPartitions() == 3);
    size_t records = 0;
    for (const auto& part : placed.glom().collect()) {
      CHECK(std::is_sorted(part.begin(), part.end()));
      records += part.size();
    }
    CHECK(records == 1000);
    CHECK(testing::shuffledBy(sc, [&] { CHECK(rdd.repartitionAndSortWithinPartitions(4).count() == 1000); }) == 1000);
  });
}

TEST_CASE("filterByRange reads only the partitions that can hold the range", "[rdd]") {
  onEachMaster([](Context& sc) {
    auto rdd = sc.parallelize(shuffled(1000), 4).map([](int x) { return std::pair(x, -x); });
    CHECK(sorted(rdd.filterByRange(10, 12).keys().collect()) == Ints{10, 11, 12});
    for (bool ascending : {true, false}) {
      auto sort = rdd.sortByKey(ascending, 10).cache();
      CHECK(sort.count() == 1000);
      auto few = sort.filterByRange(500, 520);
      CHECK(sorted(few.keys().collect()) == numbers(500, 521));
      CHECK(few.getNumPartitions() <= 3);
      CHECK(sort.filterByRange(2000, 3000).isEmpty());
      CHECK(sort.filterByRange(-5, -1).isEmpty());
      CHECK(sort.filterByRange(-5, 5000).count() == 1000);
      CHECK(sort.filterByRange(9, 3).isEmpty());
    }
  });
}

TEST_CASE("a sort tells that it is partitioned by range", "[rdd]") {
  onEachMaster([](Context& sc) {
    auto sort = sc.parallelize(shuffled(1000), 4).map([](int x) { return std::pair(x, x); }).sortByKey(true, 5).cache();
    REQUIRE(sort.partitioner());
    CHECK(sort.partitioner()->numPartitions() == 5);
    CHECK(testing::tasksOf(sc, [&] { CHECK(sort.lookup(77) == Ints{77}); }) <= 1 + 4);
    CHECK(testing::tasksOf(sc, [&] { CHECK(sort.lookup(78) == Ints{78}); }) == 1);
    CHECK(testing::shuffledBy(sc, [&] { CHECK(sort.reduceByKey(std::plus<>()).count() == 1000); }) == 0);
  });
}

}  // namespace cerium
