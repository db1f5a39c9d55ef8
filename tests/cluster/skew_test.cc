// Cerium. Licensed under the Apache License 2.0.
// Skewed data in little memory: one key with nearly all records, equal keys, and one partition with all records.
#include <catch2/catch.hpp>

#include "tests/support/processes.h"

namespace cerium {
namespace {

using namespace testing;

constexpr int64_t kRows = 1'000'000;
using Pair = std::pair<int64_t, int64_t>;

/// Nine of ten records have the key 0.
auto skewed(Context& sc) {
  return sc.range(0, kRows, 1, 8).map([](int64_t x) { return Pair(x % 10 == 9 ? x : 0, x); });
}

Conf smallConf(const TempFolder& folder) { return clusterConf("local-cluster[2,1,2m]", folder); }

}  // namespace

TEST_CASE("a key that has nine of ten records is aggregated, sorted and repartitioned in little memory",
          "[cluster][memory][skew]") {
  TempFolder folder;
  Context sc(smallConf(folder));
  auto pairs = skewed(sc);
  const auto counts = pairs.mapValues([](int64_t) { return int64_t{1}; }).reduceByKey(std::plus<>(), 8);
  CHECK(counts.lookup(0) == std::vector<int64_t>{kRows / 10 * 9});
  CHECK(counts.count() == kRows / 10 + 1);
  const auto sorted = pairs.sortByKey();
  CHECK(sorted.count() == kRows);
  CHECK(sorted.first().first == 0);
  CHECK(pairs.partitionBy(HashPartitioner(8)).values().sum() == static_cast<double>(kRows) * (kRows - 1) / 2);
  CHECK_THROWS_WITH(pairs.groupByKey(8).count(),
                    Catch::Contains("key") && Catch::Contains("0") && Catch::Contains("bytes"));
  CHECK(sc.statusTracker().totals().spilled_bytes > 0);
}

TEST_CASE("records whose keys are all equal are sorted in little memory", "[cluster][memory][skew]") {
  TempFolder folder;
  Context sc(smallConf(folder));
  const auto sorted = sc.range(0, kRows, 1, 8).map([](int64_t x) { return Pair(7, x); }).sortByKey();
  CHECK(sorted.values().sum() == static_cast<double>(kRows) * (kRows - 1) / 2);
  CHECK(sc.statusTracker().totals().spilled_bytes > 0);
}

TEST_CASE("one partition that has everything is sorted and aggregated in little memory", "[cluster][memory][skew]") {
  TempFolder folder;
  Context sc(smallConf(folder));
  auto one = sc.range(0, kRows, 1, 8).map([](int64_t x) { return Pair((x * 7919) % kRows, x); }).coalesce(1);
  CHECK(one.sortByKey(true, 1).keys().take(3) == std::vector<int64_t>{0, 1, 2});
  CHECK(one.reduceByKey(std::plus<>(), 1).count() == kRows);
  CHECK(sc.statusTracker().totals().spilled_bytes > 0);
}

}  // namespace cerium
