// Cerium. Licensed under the Apache License 2.0.
// Impossible numbers of partitions are refused at the call; a partitioner that returns a number out of range fails the
// task.
#include <cstdint>
#include <string>
#include <vector>

#include "tests/support/each_master.h"
#include "tests/support/says.h"

namespace cerium {

using testing::numbers;
using testing::onEachMaster;
using testing::Says;

namespace {

/// A partitioner of the program, valid or not.
struct Own {
  int64_t partitions = 2;
  int64_t puts_into = 0;
  [[nodiscard]] int64_t numPartitions() const { return partitions; }
  [[nodiscard]] int64_t getPartition(const int&) const { return puts_into; }
};

}  // namespace

TEST_CASE("more partitions than can be counted are refused at the call, with their number", "[rdd]") {
  onEachMaster([](Context& sc) {
    auto many = sc.parallelize(numbers(0, 3), 65536);
    CHECK_THROWS_AS(many.cartesian(many), InvalidArgument);
    CHECK_THROWS_WITH(many.cartesian(many), Says("cartesian at", "4294967296 partitions"));
    auto most = sc.range(0, 1, 1, 2'147'483'647);
    CHECK_THROWS_WITH(most.union_(most), Says("4294967294 partitions", "union"));
    CHECK_THROWS_WITH(sc.union_({most, most, most}), Says("6442450941 partitions"));
    CHECK_THROWS_WITH(most.cartesian(most), Says("cartesian", "partitions"));
    const int64_t absurd = 5'000'000'000;
    const auto told = Says("5000000000");
    CHECK_THROWS_WITH(sc.range(0, 10, 1, absurd), Says("5000000000", "range at"));
    CHECK_THROWS_WITH(sc.parallelize(numbers(0, 3), absurd), Says("5000000000", "parallelize at"));
    CHECK_THROWS_WITH(many.coalesce(absurd), Says("5000000000", "coalesce at"));
    CHECK_THROWS_WITH(many.coalesce(absurd, true), told);
    CHECK_THROWS_WITH(many.repartition(absurd), Says("5000000000", "repartition at"));
    auto pairs = sc.parallelize(numbers(0, 4), 2).map([](int x) { return std::pair(x, x); });
    CHECK_THROWS_WITH(pairs.sortByKey(true, absurd), Says("5000000000", "sortByKey at"));
    CHECK_THROWS_WITH(pairs.reduceByKey(std::plus<>(), absurd), told);
    CHECK_THROWS_WITH(pairs.groupByKey(absurd), told);
    CHECK_THROWS_WITH(pairs.join(pairs, absurd), told);
    CHECK(pairs.cartesian(pairs).getNumPartitions() == 4);
    CHECK(pairs.cartesian(pairs).count() == 16);
  });
}

TEST_CASE("zero or fewer partitions are refused at the call", "[rdd]") {
  onEachMaster([](Context& sc) {
    auto rdd = sc.parallelize(numbers(0, 4), 2);
    auto pairs = rdd.map([](int x) { return std::pair(x, x); });
    for (const int n : {0, -1}) {
      const auto told = Says("partitions is " + std::to_string(n));
      CHECK_THROWS_WITH(sc.range(0, 10, 1, n), told);
      CHECK_THROWS_WITH(sc.parallelize(numbers(0, 4), n), told);
      CHECK_THROWS_WITH(rdd.coalesce(n), told);
      CHECK_THROWS_WITH(rdd.repartition(n), told);
      CHECK_THROWS_WITH(rdd.distinct(n), told);
      CHECK_THROWS_WITH(pairs.reduceByKey(std::plus<>(), n), told);
      CHECK_THROWS_WITH(HashPartitioner(n), told);
      CHECK_THROWS_WITH(pairs.partitionBy(Own{n}), Says("partitions is " + std::to_string(n), "Own"));
      CHECK_THROWS_WITH(pairs.groupByKey(Own{n}), told);
      CHECK_THROWS_WITH(pairs.reduceByKey(std::plus<>(), Own{n}), told);
      CHECK_THROWS_WITH(pairs.cogroup(pairs, Own{n}), told);
      CHECK_THROWS_WITH(pairs.join(pairs, Own{n}), told);
      CHECK_THROWS_WITH(pairs.repartitionAndSortWithinPartitions(Own{n}), told);
    }
    CHECK_THROWS_AS(pairs.partitionBy(Own{0}), InvalidArgument);
    CHECK_THROWS_WITH(pairs.partitionBy(Own{int64_t{1} << 32}), Says("4294967296"));
  });
}

TEST_CASE("a partition number out of range fails the task, and the error names operation and range", "[rdd]") {
  onEachMaster([](Context& sc) {
    auto pairs = sc.parallelize(numbers(0, 4), 2).map([](int x) { return std::pair(x, x); });
    for (const int64_t wrong : {int64_t{2}, int64_t{-1}, int64_t{1} << 32}) {
      const auto told = [&](const char* operation) {
        return Says(std::string(operation) + " at partition_counts_test.cc:", "into partition " + std::to_string(wrong),
                    "0 to 1");
      };
      CHECK_THROWS_WITH(pairs.partitionBy(Own{2, wrong}).count(), told("partitionBy"));
      CHECK_THROWS_WITH(pairs.groupByKey(Own{2, wrong}).count(), told("groupByKey"));
      CHECK_THROWS_WITH(pairs.reduceByKey(std::plus<>(), Own{2, wrong}).count(), told("reduceByKey"));
      CHECK_THROWS_WITH(pairs.cogroup(pairs, Own{2, wrong}).count(), told("cogroup"));
      CHECK_THROWS_WITH(pairs.join(pairs, Own{2, wrong}).count(), told("join"));
      CHECK_THROWS_WITH(pairs.repartitionAndSortWithinPartitions(Own{2, wrong}).count(),
                        told("repartitionAndSortWithinPartitions"));
    }
    CHECK(pairs.partitionBy(Own{2, 1}).glom().collect()[1].size() == 4);
  });
}

}  // namespace cerium
