// Cerium. Licensed under the Apache License 2.0.
// Actions: their results, how little they run, and their behaviour without records.
#include <numeric>

#include "tests/support/each_master.h"

namespace cerium {

using Catch::Contains;
using testing::numbers;
using testing::onEachMaster;
using testing::sorted;
using testing::tasksOf;
using Ints = std::vector<int>;
using Texts = std::vector<std::string>;

TEST_CASE("collect and count see every record, in the order of partitions", "[rdd]") {
  onEachMaster([](Context& sc) {
    auto rdd = sc.parallelize(numbers(0, 1000), 7);
    CHECK(rdd.collect() == numbers(0, 1000));
    CHECK(rdd.count() == 1000);
    CHECK(sc.range(0, 3'000'000, 1, 3).filter([](int64_t x) { return x % 3 == 0; }).count() == 1'000'000);
    CHECK(rdd.isEmpty() == false);
    CHECK(rdd.filter([](int) { return false; }).isEmpty());
  });
}

TEST_CASE("take returns the first records and runs few partitions first", "[rdd]") {
  onEachMaster([](Context& sc) {
    auto rdd = sc.parallelize(numbers(0, 1000), 100);
    CHECK(rdd.take(3) == Ints{0, 1, 2});
    CHECK(rdd.take(0).empty());
    CHECK(rdd.take(15) == numbers(0, 15));
    CHECK(rdd.take(5000) == numbers(0, 1000));
    CHECK(rdd.first() == 0);
    CHECK(tasksOf(sc, [&] { (void)rdd.take(10); }) == 1);
    CHECK(tasksOf(sc, [&] { (void)rdd.take(0); }) == 0);
    CHECK(tasksOf(sc, [&] { (void)rdd.take(11); }) == 5);
    CHECK(rdd.filter([](int x) { return x >= 990; }).take(2) == Ints{990, 991});
  });
}

TEST_CASE("take reads no more of a partition than it needs", "[rdd]") {
  onEachMaster([](Context& sc) {
    auto read = sc.longAccumulator("read");
    auto rdd = sc.range(0, 10'000'000, 1, 1).map([read](int64_t x) {
      read += 1;
      return x;
    });
    CHECK(rdd.take(2) == std::vector<int64_t>{0, 1});
    CHECK(read.value() < 100'000);
  });
}

TEST_CASE("top and takeOrdered keep the largest and the smallest", "[rdd]") {
  onEachMaster([](Context& sc) {
    auto rdd = sc.parallelize({5, 3, 9, 1, 9, 7}, 3);
    CHECK(rdd.top(2) == Ints{9, 9});
    CHECK(rdd.takeOrdered(3) == Ints{1, 3, 5});
    CHECK(rdd.top(2, std::greater<>()) == Ints{1, 3});
    CHECK(rdd.takeOrdered(2, std::greater<>()) == Ints{9, 9});
    CHECK(rdd.top(0).empty());
    CHECK(rdd.top(100) == Ints{9, 9, 7, 5, 3, 1});
    auto counts = sc.parallelize(std::vector<std::pair<std::string, int>>{{"a", 2}, {"b", 9}, {"c", 4}}, 2);
    CHECK(counts.top(2, byValue()) == std::vector<std::pair<std::string, int>>{{"b", 9}, {"c", 4}});
    CHECK(rdd.max() == 9);
    CHECK(rdd.min() == 1);
    CHECK(rdd.max([](int a, int b) { return a % 5 < b % 5; }) % 5 == 4);
  });
}

TEST_CASE("reduce, fold and aggregate combine partitions in order", "[rdd]") {
  onEachMaster([](Context& sc) {
    auto letters = sc.parallelize(Texts{"a", "b", "c", "d", "e"}, 3);
    auto append = [](std::string a, const std::string& b) { return a + b; };
    CHECK(letters.reduce(append) == "abcde");
    CHECK(letters.treeReduce(append) == "abcde");
    // The zero value counts once in each partition and once at the end.
    CHECK(letters.fold("-", append) == "--a-bc-de");
    auto numbered = sc.parallelize(numbers(1, 101), 10);
    using Mean = std::pair<int64_t, int64_t>;
    auto add = [](Mean mean, int x) { return Mean(mean.first + x, mean.second + 1); };
    auto merge = [](Mean a, Mean b) { return Mean(a.first + b.first, a.second + b.second); };
    CHECK(numbered.aggregate(Mean(0, 0), add, merge) == Mean(5050, 100));
    CHECK(numbered.treeAggregate(Mean(0, 0), add, merge) == Mean(5050, 100));
    CHECK(sc.parallelize(numbers(1, 101), 50).treeAggregate(Mean(0, 0), add, merge, 3) == Mean(5050, 100));
    CHECK(numbered.reduce(std::plus<>()) == 5050);
    CHECK(numbered.filter([](int x) { return x == 77; }).reduce(std::plus<>()) == 77);
    CHECK(sc.parallelize(numbers(1, 101), 64).treeReduce(std::plus<>()) == 5050);
  });
}

TEST_CASE("reduce, first, max and min of nothing are EmptyCollection", "[rdd]") {
  onEachMaster([](Context& sc) {
    for (const RDD<int>& nothing : {sc.emptyRDD<int>(), sc.parallelize(Ints(), 3)}) {
      CHECK_THROWS_AS(nothing.reduce(std::plus<>()), EmptyCollection);
      CHECK_THROWS_AS(nothing.treeReduce(std::plus<>()), EmptyCollection);
      CHECK_THROWS_AS(nothing.first(), EmptyCollection);
      CHECK_THROWS_AS(nothing.max(), EmptyCollection);
      CHECK_THROWS_AS(nothing.min(), EmptyCollection);
      CHECK_THROWS_WITH(nothing.first(), Contains("first at actions_test.cc:"));
      CHECK_THROWS_WITH(nothing.reduce(std::plus<>()), Contains("reduce at actions_test.cc:"));
      CHECK(nothing.fold(7, std::plus<>()) == 7 * (1 + nothing.getNumPartitions()));
    }
  });
}

TEST_CASE("countByValue counts equal records", "[rdd]") {
  onEachMaster([](Context& sc) {
    auto counts = sc.parallelize(Texts{"a", "b", "a", "a"}, 3).countByValue();
    CHECK(counts.size() == 2);
    CHECK(counts.at("a") == 3);
    CHECK(counts.at("b") == 1);
  });
}

TEST_CASE("countApproxDistinct is near the number of distinct records", "[rdd]") {
  onEachMaster([](Context& sc) {
    auto rdd = sc.range(0, 100'000, 1, 4).map([](int64_t x) { return x % 5000; });
    CHECK(rdd.countApproxDistinct() == Approx(5000).epsilon(0.2));
    CHECK(rdd.countApproxDistinct(0.01) == Approx(5000).epsilon(0.05));
    CHECK(sc.parallelize(Ints(), 2).countApproxDistinct() == 0);
    CHECK_THROWS_AS(rdd.countApproxDistinct(0), InvalidArgument);
  });
}

TEST_CASE("takeSample gives each record the same chance, wherever it lies", "[rdd]") {
  Context sc(testing::testConf(testing::kThreads));
  // Ten records in one partition and 190 in another, five drawn: each record is in a sample with a probability of 2.5
  // %.
  auto uneven = sc.parallelize(numbers(0, 10), 1).union_(sc.parallelize(numbers(10, 200), 1));
  for (const bool again : {false, true}) {
    std::vector<int> times(200, 0);
    for (uint64_t seed = 0; seed < 2000; ++seed) {
      for (int x : uneven.takeSample(again, 5, seed)) ++times[static_cast<size_t>(x)];
    }
    const int small = std::accumulate(times.begin(), times.begin() + 10, 0);
    CHECK(small > 400);  // expected 500, standard deviation 22
    CHECK(small < 600);
    CHECK(*std::max_element(times.begin(), times.end()) < 100);  // expected 50, standard deviation 7
    CHECK(*std::min_element(times.begin(), times.end()) > 15);
  }
}

TEST_CASE("takeSample is stable for a seed, without replacement a subset", "[rdd]") {
  onEachMaster([](Context& sc) {
    auto rdd = sc.parallelize(numbers(0, 100), 4);
    auto sample = rdd.takeSample(false, 10, 3);
    CHECK(sample.size() == 10);
    CHECK(sample == rdd.takeSample(false, 10, 3));
    CHECK(sample != rdd.takeSample(false, 10, 4));
    auto in_order = sorted(sample);
    CHECK(std::adjacent_find(in_order.begin(), in_order.end()) == in_order.end());
    CHECK(sorted(rdd.takeSample(false, 500)) == numbers(0, 100));
    CHECK(rdd.takeSample(true, 500).size() == 500);
    CHECK(rdd.takeSample(true, 0).empty());
    CHECK(sc.emptyRDD<int>().takeSample(true, 5).empty());
  });
}

TEST_CASE("foreach and foreachPartition run in tasks for their side effects", "[rdd]") {
  onEachMaster([](Context& sc) {
    auto sum = sc.longAccumulator("sum");
    auto parts = sc.longAccumulator("partitions");
    auto rdd = sc.parallelize(numbers(0, 101), 6);
    rdd.foreach ([sum](int x) { sum += x; });
    CHECK(sum.value() == 5050);
    rdd.foreachPartition([parts](auto& records) {
      for ([[maybe_unused]] int x : records) break;
      parts += 1;
    });
    CHECK(parts.value() == 6);
    rdd.foreach ([sum](int x, int factor) { sum += x * factor; }, 2);
    CHECK(sum.value() == 3 * 5050);
  });
}

TEST_CASE("toLocalIterator fetches a partition at a time", "[rdd]") {
  onEachMaster([](Context& sc) {
    auto rdd = sc.parallelize(numbers(0, 20), 5).filter([](int x) { return x < 4 || x >= 16; });
    Ints all;
    for (int x : rdd.toLocalIterator()) all.push_back(x);
    CHECK(all == Ints{0, 1, 2, 3, 16, 17, 18, 19});
    const int tasks = tasksOf(sc, [&] {
      auto records = rdd.toLocalIterator();
      CHECK(records.hasNext());
      CHECK(records.next() == 0);
      CHECK(records.next() == 1);
    });
    CHECK(tasks == 1);
    auto flags = sc.parallelize(std::vector<bool>{true, false}, 2).toLocalIterator();
    CHECK(flags.next());
    CHECK_FALSE(flags.next());
    CHECK_FALSE(flags.hasNext());
    CHECK_FALSE(sc.emptyRDD<int>().toLocalIterator().hasNext());
  });
}

TEST_CASE("runJob runs a function on the partitions that are named", "[rdd]") {
  onEachMaster([](Context& sc) {
    auto rdd = sc.parallelize(numbers(0, 12), 4);
    auto sum = [](auto& records) {
      int total = 0;
      for (int x : records) total += x;
      return total;
    };
    CHECK(sc.runJob(rdd, sum) == Ints{3, 12, 21, 30});
    CHECK(sc.runJob(rdd, sum, {3, 0}) == Ints{30, 3});
    CHECK(sc.runJob(rdd.map([](int x) { return -x; }), sum, {1}) == Ints{-12});
    CHECK(sc.runJob(rdd, sum, std::vector<int>{}).empty());
    CHECK_THROWS_AS(sc.runJob(rdd, sum, {4}), InvalidArgument);
    CHECK_THROWS_AS(sc.runJob(rdd, sum, {-1}), InvalidArgument);
  });
}

}  // namespace cerium
