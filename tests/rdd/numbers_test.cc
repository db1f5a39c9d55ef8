// Cerium. Licensed under the Apache License 2.0.
// Statistics of RDDs of numbers.
#include <cmath>
#include <limits>

#include "tests/support/each_master.h"

namespace cerium {

using testing::numbers;
using testing::onEachMaster;
using Counts = std::vector<int64_t>;
using Doubles = std::vector<double>;

TEST_CASE("sum is exact for integers, in double for floating point", "[rdd]") {
  onEachMaster([](Context& sc) {
    CHECK(sc.parallelize(numbers(1, 101), 3).sum() == 5050);
    CHECK(sc.parallelize(std::vector<int>{2'000'000'000, 2'000'000'000}, 2).sum() == 4'000'000'000);
    CHECK(sc.parallelize(Doubles{0.5, 0.25}, 2).sum() == 0.75);
    CHECK(sc.parallelize(std::vector<float>{16'777'216.0F, 1.0F}, 1).sum() == 16'777'217.0);
    CHECK(sc.parallelize(std::vector<uint64_t>{UINT64_MAX - 1, 1}, 2).sum() == UINT64_MAX);
    CHECK(sc.parallelize(std::vector<bool>{true, false, true}, 2).sum() == 2);
    CHECK(sc.emptyRDD<int>().sum() == 0);
    CHECK(sc.range(0, 1'000'000, 1, 4).sum() == 499'999'500'000);
  });
}

TEST_CASE("stats gives all moments in one pass", "[rdd]") {
  onEachMaster([](Context& sc) {
    auto rdd = sc.parallelize(Doubles{2, 4, 4, 4, 5, 5, 7, 9}, 3);
    const StatCounter stats = rdd.stats();
    CHECK(stats.count() == 8);
    CHECK(stats.mean() == Approx(5));
    CHECK(stats.sum() == Approx(40));
    CHECK(stats.min() == 2);
    CHECK(stats.max() == 9);
    CHECK(stats.variance() == Approx(4));
    CHECK(stats.stdev() == Approx(2));
    CHECK(stats.sampleVariance() == Approx(32.0 / 7));
    CHECK(rdd.mean() == Approx(5));
    CHECK(rdd.variance() == Approx(4));
    CHECK(rdd.stdev() == Approx(2));
    CHECK(rdd.sampleVariance() == Approx(32.0 / 7));
    CHECK(rdd.sampleStdev() == Approx(std::sqrt(32.0 / 7)));
    CHECK(rdd.map([](double x) { return static_cast<int>(x); }).mean() == Approx(5));
    // Far from 0 the squares must not cancel.
    CHECK(rdd.map([](double x) { return x + 1e9; }).variance() == Approx(4));
  });
}

TEST_CASE("statistics of no records and of one", "[rdd]") {
  onEachMaster([](Context& sc) {
    const StatCounter none = sc.parallelize(Doubles(), 3).stats();
    CHECK(none.count() == 0);
    CHECK(none.sum() == 0);
    CHECK(std::isnan(none.variance()));
    CHECK(none.min() == std::numeric_limits<double>::infinity());
    const StatCounter one = sc.parallelize(Doubles{3}, 2).stats();
    CHECK(one.variance() == 0);
    CHECK(std::isnan(one.sampleVariance()));
  });
}

TEST_CASE("histogram counts in even buckets or between borders", "[rdd]") {
  onEachMaster([](Context& sc) {
    auto rdd = sc.parallelize(numbers(0, 101), 4);
    auto [borders, counts] = rdd.histogram(4);
    CHECK(borders == Doubles{0, 25, 50, 75, 100});
    CHECK(counts == Counts{25, 25, 25, 26});
    CHECK(rdd.histogram(Doubles{0, 10, 20}) == Counts{10, 11});
    CHECK(rdd.histogram(Doubles{-5.5, 0.5, 99.5}) == Counts{1, 99});
    CHECK(rdd.histogram(Doubles{200, 300}) == Counts{0});
    CHECK(sc.parallelize(Doubles{7, 7, 7}, 2).histogram(3).second == Counts{3});
    auto odd = sc.parallelize(Doubles{1, std::numeric_limits<double>::quiet_NaN(), 2}, 2);
    CHECK(odd.histogram(Doubles{0, 1.5, 3}) == Counts{1, 1});
    CHECK_THROWS_AS(rdd.histogram(0), InvalidArgument);
    CHECK_THROWS_AS(rdd.histogram(Doubles{1}), InvalidArgument);
    CHECK_THROWS_AS(rdd.histogram(Doubles{3, 2, 1}), InvalidArgument);
    CHECK_THROWS_AS(sc.emptyRDD<int>().histogram(3), EmptyCollection);
    CHECK(sc.emptyRDD<int>().histogram(Doubles{0, 1}) == Counts{0});
  });
}

}  // namespace cerium
