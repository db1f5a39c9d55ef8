// Cerium. Licensed under the Apache License 2.0.
// The information that an RDD gives about itself, and lineage that is long, wide or both.
#include "tests/support/each_master.h"

namespace cerium {

using Catch::Contains;
using testing::numbers;
using testing::onEachMaster;
using Ints = std::vector<int>;

namespace {

size_t linesOf(const std::string& text) { return static_cast<size_t>(std::count(text.begin(), text.end(), '\n')); }

}  // namespace

TEST_CASE("names, ids, partitions and dependencies", "[rdd]") {
  onEachMaster([](Context& sc) {
    auto rdd = sc.parallelize(numbers(0, 4), 2).setName("numbers");
    CHECK(rdd.name() == "numbers");
    CHECK(rdd.id() != sc.parallelize({1}, 1).id());
    auto chain = rdd.map([](int x) { return std::pair(x, x); });
    CHECK(chain.id() == chain.id());
    CHECK(chain.getNumPartitions() == 2);
    CHECK(rdd.dependencies().empty());
    REQUIRE(chain.dependencies().size() == 1);
    CHECK(chain.dependencies()[0].parent()->id().value == rdd.id());
    CHECK(chain.dependencies()[0].narrow);
    auto reduced = chain.reduceByKey(std::plus<>(), 3);
    REQUIRE(reduced.dependencies().size() == 1);
    CHECK(reduced.dependencies()[0].shuffle);
    CHECK((rdd + rdd).dependencies().size() == 2);
  });
}

TEST_CASE("toDebugString shows operations, places, names and shuffles", "[rdd]") {
  onEachMaster([](Context& sc) {
    RDD<std::pair<int, int>> pairs =
        sc.parallelize(numbers(0, 9), 3).setName("numbers").map([](int x) { return std::pair(x, x); });
    const std::string text =
        pairs.reduceByKey(std::plus<>(), 2).mapValues([](int x) { return x; }).cache().toDebugString();
    INFO(text);
    CHECK_THAT(text, Contains("(2) ") && Contains("+-(3) ") && Contains("reduceByKey at lineage_test.cc:"));
    CHECK_THAT(text, Contains("mapValues at lineage_test.cc:") && Contains("map at lineage_test.cc:"));
    CHECK_THAT(text, Contains("numbers") && Contains("parallelize at lineage_test.cc:") && Contains("MEMORY_ONLY"));
    CHECK(linesOf(text) == 4);
    // Without a shuffle the text is not indented.
    CHECK_THAT(pairs.mapValues([](int x) { return x; }).toDebugString(), !Contains("+-"));
    CHECK(linesOf(pairs.join(pairs, 2).toDebugString()) <= 6);
  });
}

TEST_CASE("ten thousand chained maps", "[rdd]") {
  onEachMaster([](Context& sc) {
    RDD<int> rdd = sc.parallelize(numbers(0, 10), 2);
    for (int i = 0; i < 10'000; ++i) rdd = rdd.map([](int x) { return x + 1; });
    CHECK(rdd.collect() == numbers(10'000, 10'010));
    CHECK(linesOf(rdd.toDebugString()) == 10'001);
    CHECK(rdd.filter([](int x) { return x == 10'005; }).count() == 1);
  });
}

TEST_CASE("a union of a thousand RDDs", "[rdd]") {
  onEachMaster([](Context& sc) {
    std::vector<RDD<int>> parts;
    for (int i = 0; i < 1000; ++i) parts.push_back(sc.parallelize({i}, 1));
    auto all = sc.union_(parts);
    CHECK(all.getNumPartitions() == 1000);
    CHECK(all.collect() == numbers(0, 1000));
    RDD<int> nested = parts[0];
    for (int i = 1; i < 300; ++i) nested = nested + parts[static_cast<size_t>(i)];
    CHECK(nested.collect() == numbers(0, 300));
    CHECK(nested.coalesce(4).sum() == 299 * 300 / 2);
  });
}

TEST_CASE("lineage that doubles at each step is walked once a node", "[rdd]") {
  onEachMaster([](Context& sc) {
    // 2^40 paths through 40 nodes.
    RDD<int> rdd = sc.parallelize({1, 2}, 1);
    for (int i = 0; i < 40; ++i)
      rdd = rdd.zipPartitions(rdd, [](auto left, auto) { return Ints(left.begin(), left.end()); }).cache();
    CHECK(rdd.collect() == Ints{1, 2});
    CHECK(linesOf(rdd.toDebugString()) < 100);
  });
}

TEST_CASE("a chain of many shuffles runs each of them once", "[rdd]") {
  onEachMaster([](Context& sc) {
    RDD<std::pair<int, int>> rdd = sc.parallelize(numbers(0, 60), 3).map([](int x) { return std::pair(x, 1); });
    for (int i = 0; i < 30; ++i) {
      rdd = rdd.map([](const auto& p) { return std::pair(p.first / 2 * 2 + (p.first + 1) % 2, p.second); })
                .partitionBy(HashPartitioner(2 + i % 2));
    }
    CHECK(testing::shuffledBy(sc, [&] { CHECK(rdd.values().sum() == 60); }) == 30 * 60);
    // All map outputs exist: the second action shuffles nothing.
    CHECK(testing::shuffledBy(sc, [&] { CHECK(rdd.count() == 60); }) == 0);
  });
}

}  // namespace cerium
