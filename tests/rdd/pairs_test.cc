// Cerium. Licensed under the Apache License 2.0.
// Operations on pairs, and whether they keep, use or drop the partitioner: no data may move twice.
#include <chrono>
#include <unordered_map>

#include "tests/support/each_master.h"

namespace cerium {

using Catch::Contains;
using testing::numbers;
using testing::onEachMaster;
using testing::shuffledBy;
using testing::sorted;
using Ints = std::vector<int>;
using Pairs = std::vector<std::pair<int, int>>;
using WordCounts = std::vector<std::pair<std::string, int>>;

namespace {

WordCounts someWords() { return {{"a", 1}, {"b", 2}, {"a", 3}, {"c", 4}, {"a", 5}, {"b", 6}}; }

/// A user's partitioner.
struct ByParity {
  [[nodiscard]] int numPartitions() const { return 2; }
  [[nodiscard]] int getPartition(int key) const { return key % 2; }
  friend bool operator==(const ByParity&, const ByParity&) = default;
};
struct OutOfRange {
  [[nodiscard]] int numPartitions() const { return 2; }
  [[nodiscard]] int getPartition(int) const { return 7; }
};

}  // namespace

TEST_CASE("mapValues, flatMapValues, keys and values", "[rdd]") {
  onEachMaster([](Context& sc) {
    auto rdd = sc.parallelize(someWords(), 3);
    CHECK(rdd.mapValues([](int x) { return x * 10; }).values().collect() == Ints{10, 20, 30, 40, 50, 60});
    CHECK(rdd.mapValues([](int x, int by) { return x * by; }, 2).values().collect() == Ints{2, 4, 6, 8, 10, 12});
    CHECK(rdd.keys().collect() == std::vector<std::string>{"a", "b", "a", "c", "a", "b"});
    CHECK(rdd.flatMapValues([](int x) { return Ints(static_cast<size_t>(x > 4 ? 2 : 0), x); }).collect() ==
          WordCounts{{"a", 5}, {"a", 5}, {"b", 6}, {"b", 6}});
  });
}

TEST_CASE("reduceByKey and its kin make one record of each key", "[rdd]") {
  onEachMaster([](Context& sc) {
    auto rdd = sc.parallelize(someWords(), 3);
    const WordCounts sums = {{"a", 9}, {"b", 8}, {"c", 4}};
    CHECK(sorted(rdd.reduceByKey(std::plus<>()).collect()) == sums);
    CHECK(sorted(rdd.reduceByKey(std::plus<>(), 5).collect()) == sums);
    CHECK(rdd.reduceByKey(std::plus<>(), 5).getNumPartitions() == 5);
    CHECK(rdd.reduceByKey(std::plus<>(), HashPartitioner(4)).getNumPartitions() == 4);
    CHECK(sorted(rdd.foldByKey(0, std::plus<>()).collect()) == sums);
    // The zero value counts once for each key of each partition: a is in three, b in two, c in one.
    CHECK(sorted(rdd.foldByKey(100, std::plus<>()).collect()) == WordCounts{{"a", 309}, {"b", 208}, {"c", 104}});
    auto texts = rdd.aggregateByKey(
        std::string("="), [](std::string text, int x) { return text + std::to_string(x); },
        [](std::string a, const std::string& b) { return a + b; });
    CHECK(texts.collectAsMap().at("a") == "=1=3=5");
    CHECK(texts.collectAsMap().at("b") == "=2=6");
    auto lists = rdd.combineByKey([](int x) { return Ints{x}; },
                                  [](Ints list, int x) {
                                    list.push_back(x);
                                    return list;
                                  },
                                  [](Ints a, const Ints& b) {
                                    a.insert(a.end(), b.begin(), b.end());
                                    return a;
                                  },
                                  2);
    CHECK(lists.getNumPartitions() == 2);
    CHECK(lists.collectAsMap().at("b") == Ints{2, 6});
  });
}

TEST_CASE("reduceByKey moves one record for each key of each partition", "[rdd]") {
  onEachMaster([](Context& sc) {
    auto rdd = sc.range(0, 10'000, 1, 4).map([](int64_t x) { return std::pair(x % 10, x); });
    CHECK(shuffledBy(sc, [&] { CHECK(rdd.reduceByKey(std::plus<>(), 3).count() == 10); }) == 40);
    CHECK(shuffledBy(sc, [&] { CHECK(rdd.groupByKey(3).count() == 10); }) == 10'000);
  });
}

TEST_CASE("groupByKey and groupBy keep the order of the input inside a group", "[rdd]") {
  onEachMaster([](Context& sc) {
    auto rdd = sc.parallelize(numbers(0, 1000), 7).map([](int x) { return std::pair(x % 3, x); });
    auto groups = rdd.groupByKey(2).collect();
    CHECK(groups.size() == 3);
    for (const auto& [key, values] : groups) {
      CHECK(values.size() == (key == 0 ? 334 : 333));
      CHECK(std::is_sorted(values.begin(), values.end()));
    }
    auto other = rdd.mapValues([](int x) { return -x; });
    for (const auto& [key, sides] : rdd.cogroup(other, 4).collect()) {
      CHECK(std::is_sorted(std::get<0>(sides).begin(), std::get<0>(sides).end()));
      CHECK(std::is_sorted(std::get<1>(sides).rbegin(), std::get<1>(sides).rend()));
    }
  });
}

TEST_CASE("maps on the driver: countByKey, collectAsMap, reduceByKeyLocally, lookup", "[rdd]") {
  onEachMaster([](Context& sc) {
    auto rdd = sc.parallelize(someWords(), 3);
    auto counts = rdd.countByKey();
    CHECK(counts.size() == 3);
    CHECK(counts.at("a") == 3);
    CHECK(rdd.collectAsMap().at("a") == 5);
    CHECK(rdd.collectAsMap().size() == 3);
    CHECK(rdd.reduceByKeyLocally(std::plus<>()).at("b") == 8);
    CHECK(rdd.lookup("a") == Ints{1, 3, 5});
    CHECK(rdd.lookup("z").empty());
    auto partitioned = rdd.partitionBy(HashPartitioner(6)).cache();
    CHECK(partitioned.count() == 6);
    CHECK(testing::tasksOf(sc, [&] { CHECK(partitioned.lookup("a") == Ints{1, 3, 5}); }) == 1);
  });
}

TEST_CASE("partitionBy places keys as the partitioner says", "[rdd]") {
  onEachMaster([](Context& sc) {
    auto rdd = sc.parallelize(numbers(0, 10), 3).map([](int x) { return std::pair(x, -x); });
    auto parted = rdd.partitionBy(ByParity());
    CHECK(parted.keys().glom().collect() == std::vector<Ints>{{0, 2, 4, 6, 8}, {1, 3, 5, 7, 9}});
    CHECK(parted.partitioner() == Partitioner(ByParity()));
    auto ranged = rdd.partitionBy(RangePartitioner<int>({2, 6}));
    CHECK(ranged.keys().glom().collect() == std::vector<Ints>{{0, 1, 2}, {3, 4, 5, 6}, {7, 8, 9}});
    auto descending = rdd.partitionBy(RangePartitioner<int>({2, 6}, false));
    CHECK(descending.keys().glom().collect() == std::vector<Ints>{{7, 8, 9}, {3, 4, 5, 6}, {0, 1, 2}});
    CHECK(rdd.partitionBy(4).getNumPartitions() == 4);
    CHECK_THROWS_AS(rdd.partitionBy(0), InvalidArgument);
    CHECK_THROWS_AS(HashPartitioner(0), InvalidArgument);
    CHECK_THROWS_WITH(rdd.partitionBy(OutOfRange()).count(), Contains("partition 7 of 2"));
  });
}

TEST_CASE("an operation keeps the partitioner where the keys stay, and drops it else", "[rdd]") {
  onEachMaster([](Context& sc) {
    auto rdd = sc.parallelize(numbers(0, 10), 3).map([](int x) { return std::pair(x, x); });
    CHECK_FALSE(rdd.partitioner());
    auto parted = rdd.partitionBy(HashPartitioner(4));
    const Partitioner four = HashPartitioner(4);
    CHECK(parted.partitioner() == four);
    CHECK(parted.mapValues([](int x) { return x; }).partitioner() == four);
    CHECK(parted.flatMapValues([](int x) { return Ints{x}; }).partitioner() == four);
    CHECK(parted.filter([](const auto&) { return true; }).partitioner() == four);
    CHECK(parted.filter([](const auto&) { return true; }).mapValues([](int x) { return x; }).partitioner() == four);
    CHECK(parted.mapPartitions([](auto records) { return records; }, true).partitioner() == four);
    CHECK(parted.sample(false, 0.5).partitioner() == four);
    CHECK(parted.reduceByKey(std::plus<>()).partitioner() == four);
    CHECK(parted.groupByKey().partitioner() == four);
    CHECK(parted.join(rdd).partitioner() == four);
    CHECK(rdd.join(parted).partitioner() == four);
    CHECK((parted + parted).partitioner() == four);
    CHECK((parted + parted).getNumPartitions() == 4);

    CHECK_FALSE(parted.map([](const auto& pair) { return pair; }).partitioner());
    CHECK_FALSE(parted.flatMap([](const auto& pair) { return Pairs{pair}; }).partitioner());
    CHECK_FALSE(parted.mapPartitions([](auto records) { return records; }).partitioner());
    CHECK_FALSE((parted + rdd).partitioner());
    CHECK_FALSE(parted.keys().partitioner());
    CHECK_FALSE(
        parted.map([](const auto& pair) { return pair; }).filter([](const auto&) { return true; }).partitioner());
    CHECK_FALSE(parted.coalesce(2).partitioner());
  });
}

TEST_CASE("records that are partitioned as needed are not shuffled", "[rdd]") {
  onEachMaster([](Context& sc) {
    auto rdd = sc.parallelize(numbers(0, 100), 5).map([](int x) { return std::pair(x % 20, x); });
    auto left = rdd.partitionBy(HashPartitioner(4)).cache();
    auto right = rdd.mapValues([](int x) { return -x; }).partitionBy(HashPartitioner(4)).cache();
    CHECK(left.count() + right.count() == 200);
    CHECK(
        shuffledBy(sc, [&] {
          CHECK(left.partitionBy(HashPartitioner(4)).count() == 100);
          CHECK(left.reduceByKey(std::plus<>()).count() == 20);
          CHECK(left.reduceByKey(std::plus<>(), 4).count() == 20);
          CHECK(left.groupByKey().count() == 20);
          CHECK(left.aggregateByKey(0, std::plus<>(), std::plus<>()).count() == 20);
          CHECK(left.join(right).count() == 500);
          CHECK(left.cogroup(right).count() == 20);
          CHECK(left.cogroup(right, left, right).count() == 20);
          CHECK(left.leftOuterJoin(right).count() == 500);
          CHECK(left.subtractByKey(right).count() == 0);
          CHECK(
              (left + right).reduceByKey(std::plus<>()).filter([](const auto& p) { return p.second != 0; }).isEmpty());
          CHECK(left.mapValues([](int x) { return x; }).filter([](const auto&) { return true; }).join(right).count() ==
                500);
        }) == 0);
    CHECK(shuffledBy(sc, [&] { CHECK(left.join(rdd).count() == 500); }) == 100);
    CHECK(shuffledBy(sc, [&] { CHECK(left.groupByKey(3).count() == 20); }) == 100);
    CHECK_THAT(left.join(rdd).toDebugString(), Contains("+-(5) "));
    CHECK_THAT(left.join(right).toDebugString(), !Contains("+-(4) "));
  });
}

TEST_CASE("sampleByKey takes a fraction of each key, stable for a seed", "[rdd]") {
  onEachMaster([](Context& sc) {
    auto rdd = sc.parallelize(numbers(0, 9000), 4).map([](int x) { return std::pair(x % 3, x); });
    const std::unordered_map<int, double> fractions = {{0, 1.0}, {1, 0.2}};
    auto counts = rdd.sampleByKey(false, fractions, 5).countByKey();
    CHECK(counts.at(0) == 3000);
    CHECK(counts.at(1) == Approx(600).epsilon(0.2));
    CHECK(counts.count(2) == 0);
    CHECK(rdd.sampleByKey(false, fractions, 5).collect() == rdd.sampleByKey(false, fractions, 5).collect());
    CHECK(rdd.sampleByKey(false, fractions, 5).collect() != rdd.sampleByKey(false, fractions, 6).collect());
    CHECK(rdd.sampleByKey(true, fractions, 5).countByKey().at(0) == Approx(3000).epsilon(0.1));
  });
}

TEST_CASE("keys of many types meet in one partition", "[rdd]") {
  onEachMaster([](Context& sc) {
    using Key = std::tuple<std::string, std::optional<int>, std::pair<char, int64_t>>;
    std::vector<std::pair<Key, int>> records;
    for (int i = 0; i < 60; ++i) {
      records.emplace_back(Key(std::to_string(i % 3), i % 2 == 0 ? std::optional<int>() : i % 3, {'x', i % 5}), 1);
    }
    CHECK(sc.parallelize(records, 6).reduceByKey(std::plus<>(), 3).values().distinct().collect() == Ints{2});
    CHECK(sc.parallelize(records, 6).keys().distinct().count() == 30);
    auto texts = sc.parallelize(records, 6).map([](const auto& r) {
      return std::pair(std::vector<std::string>{std::get<0>(r.first)}, 1);
    });
    CHECK(texts.countByKey().at({"1"}) == 20);
    auto times = sc.parallelize(numbers(0, 10), 3).map([](int x) { return std::pair(std::chrono::seconds(x % 2), x); });
    CHECK(times.reduceByKey(std::plus<>()).lookup(std::chrono::seconds(1)) == Ints{25});
  });
}

}  // namespace cerium
