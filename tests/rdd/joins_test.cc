// Cerium. Licensed under the Apache License 2.0.
// Joins and cogroups compared with nested loops over the same pairs.
#include <map>

#include "tests/support/each_master.h"

namespace cerium {

using testing::numbers;
using testing::onEachMaster;
using testing::sorted;
using Ints = std::vector<int>;
using Texts = std::vector<std::string>;
using Left = std::vector<std::pair<int, std::string>>;
using Right = std::vector<std::pair<int, int>>;

namespace {

Left someTexts() { return {{1, "a"}, {2, "b"}, {2, "c"}, {4, "d"}}; }
Right someNumbers() { return {{2, 20}, {3, 30}, {2, 21}, {4, 40}}; }

}  // namespace

TEST_CASE("join pairs every left value of a key with every right one", "[rdd]") {
  onEachMaster([](Context& sc) {
    auto left = sc.parallelize(someTexts(), 3);
    auto right = sc.parallelize(someNumbers(), 2);
    using Row = std::pair<int, std::pair<std::string, int>>;
    const std::vector<Row> rows = {{2, {"b", 20}}, {2, {"b", 21}}, {2, {"c", 20}}, {2, {"c", 21}}, {4, {"d", 40}}};
    CHECK(sorted(left.join(right).collect()) == rows);
    CHECK(sorted(left.join(right, 7).collect()) == rows);
    CHECK(left.join(right, 7).getNumPartitions() == 7);
    CHECK(left.join(right, HashPartitioner(5)).partitioner() == Partitioner(HashPartitioner(5)));
    CHECK(left.join(right.filter([](const auto&) { return false; })).isEmpty());
  });
}

TEST_CASE("outer joins keep the side that has no partner", "[rdd]") {
  onEachMaster([](Context& sc) {
    auto left = sc.parallelize(someTexts(), 3);
    auto right = sc.parallelize(someNumbers(), 2).filter([](const auto& pair) { return pair.second != 21; });
    using MaybeText = std::optional<std::string>;
    using MaybeInt = std::optional<int>;
    CHECK(sorted(left.leftOuterJoin(right).collect()) ==
          std::vector<std::pair<int, std::pair<std::string, MaybeInt>>>{
              {1, {"a", std::nullopt}}, {2, {"b", 20}}, {2, {"c", 20}}, {4, {"d", 40}}});
    CHECK(sorted(left.rightOuterJoin(right).collect()) ==
          std::vector<std::pair<int, std::pair<MaybeText, int>>>{
              {2, {"b", 20}}, {2, {"c", 20}}, {3, {std::nullopt, 30}}, {4, {"d", 40}}});
    CHECK(sorted(left.fullOuterJoin(right, 3).collect()) ==
          std::vector<std::pair<int, std::pair<MaybeText, MaybeInt>>>{
              {1, {"a", std::nullopt}}, {2, {"b", 20}}, {2, {"c", 20}}, {3, {std::nullopt, 30}}, {4, {"d", 40}}});
  });
}

TEST_CASE("cogroup of two, three and four RDDs", "[rdd]") {
  onEachMaster([](Context& sc) {
    auto left = sc.parallelize(someTexts(), 3);
    auto right = sc.parallelize(someNumbers(), 2);
    auto two = left.cogroup(right).collectAsMap();
    CHECK(two.size() == 4);
    CHECK(two.at(2) == std::tuple(Texts{"b", "c"}, Ints{20, 21}));
    CHECK(two.at(3) == std::tuple(Texts{}, Ints{30}));
    auto third = sc.parallelize(std::vector<std::pair<int, double>>{{2, 0.5}, {9, 0.25}}, 1);
    auto three = left.cogroup(right, third).collectAsMap();
    CHECK(three.at(9) == std::tuple(Texts{}, Ints{}, std::vector<double>{0.25}));
    auto four = left.cogroup(right, third, left, 6);
    CHECK(four.getNumPartitions() == 6);
    CHECK(four.collectAsMap().at(2) ==
          std::tuple(Texts{"b", "c"}, Ints{20, 21}, std::vector<double>{0.5}, Texts{"b", "c"}));
  });
}

TEST_CASE("subtractByKey leaves the pairs whose key the other side lacks", "[rdd]") {
  onEachMaster([](Context& sc) {
    auto left = sc.parallelize(Left{{1, "a"}, {2, "b"}, {1, "c"}}, 2);
    auto right = sc.parallelize(someNumbers(), 2);
    CHECK(sorted(left.subtractByKey(right).collect()) == Left{{1, "a"}, {1, "c"}});
    CHECK(left.subtractByKey(left).isEmpty());
  });
}

TEST_CASE("an RDD can be joined, cogrouped and united with itself", "[rdd]") {
  onEachMaster([](Context& sc) {
    auto pairs = sc.parallelize(Right{{1, 10}, {1, 11}, {2, 20}}, 2);
    CHECK(pairs.join(pairs).count() == 5);
    CHECK(pairs.leftOuterJoin(pairs).count() == 5);
    CHECK(pairs.cogroup(pairs).collectAsMap().at(1) == std::tuple(Ints{10, 11}, Ints{10, 11}));
    CHECK((pairs + pairs).count() == 6);
    auto parted = pairs.partitionBy(HashPartitioner(3));
    CHECK(parted.join(parted).count() == 5);
    CHECK((parted + parted).join(parted).count() == 10);
    auto cached = pairs.map([](const auto& p) { return std::pair(p.first, -p.second); }).cache();
    CHECK(cached.join(cached).join(cached).count() == 9);
  });
}

TEST_CASE("a join of larger random sides gives what nested loops give", "[rdd]") {
  Right left;
  Right right;
  uint64_t state = 12345;
  auto next = [&state] { return static_cast<int>((state = state * 6364136223846793005 + 1442695040888963407) >> 33); };
  for (int i = 0; i < 3000; ++i) left.emplace_back(next() % 500, i);
  for (int i = 0; i < 2000; ++i) right.emplace_back(next() % 700, -i);
  std::multimap<int, int> by_key(right.begin(), right.end());
  std::vector<std::pair<int, std::pair<int, int>>> expected;
  for (const auto& [key, value] : left) {
    auto [begin, end] = by_key.equal_range(key);
    for (auto at = begin; at != end; ++at) expected.push_back({key, {value, at->second}});
  }
  expected = sorted(std::move(expected));
  onEachMaster([&](Context& sc) {
    CHECK(sorted(sc.parallelize(left, 5).join(sc.parallelize(right, 4)).collect()) == expected);
    CHECK(sorted(sc.parallelize(left, 1).join(sc.parallelize(right, 4), 13).collect()) == expected);
  });
}

TEST_CASE("the order of the input stays inside a joined key", "[rdd]") {
  onEachMaster([](Context& sc) {
    auto left = sc.parallelize(numbers(0, 30), 5).map([](int x) { return std::pair(0, x); });
    auto right = sc.parallelize(Right{{0, 1}}, 1);
    Ints seen;
    for (const auto& [key, sides] : left.join(right, 3).collect()) seen.push_back(sides.first);
    CHECK(seen == numbers(0, 30));
  });
}

}  // namespace cerium
