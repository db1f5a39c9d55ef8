// Cerium. Licensed under the Apache License 2.0.
// Lazy operations of any RDD, on each kind of master: records, partitions, and that nothing runs before an action.
#include <random>
#include <set>

#include "tests/support/each_master.h"

namespace cerium {

using Catch::Contains;
using testing::numbers;
using testing::onEachMaster;
using testing::partitionSizes;
using testing::sorted;
using Ints = std::vector<int>;
using Texts = std::vector<std::string>;

namespace {

bool isEven(int x) { return x % 2 == 0; }
struct Point {
  int x = 0;
  int y = 0;
  [[nodiscard]] int sum() const { return x + y; }
};

}  // namespace

TEST_CASE("parallelize cuts any range into slices of even size", "[rdd]") {
  onEachMaster([](Context& sc) {
    CHECK(sc.parallelize(numbers(0, 10), 3).collect() == numbers(0, 10));
    CHECK(partitionSizes(sc.parallelize(numbers(0, 10), 3)) == std::vector<size_t>{3, 3, 4});
    CHECK(partitionSizes(sc.parallelize({1, 2}, 4)) == std::vector<size_t>{0, 1, 0, 1});
    CHECK(sc.parallelize(std::set<std::string>{"b", "a"}, 2).collect() == Texts{"a", "b"});
    CHECK(sc.parallelize(std::vector<bool>{true, false, true}, 2).collect() == std::vector<bool>{true, false, true});
    CHECK(sc.parallelize(Ints(), 3).collect().empty());
    CHECK(sc.parallelize(Ints(), 3).getNumPartitions() == 3);
    CHECK(sc.parallelize({1, 2, 3}).getNumPartitions() == sc.defaultParallelism());
  });
}

TEST_CASE("parallelize refuses no partitions and names the call", "[rdd]") {
  onEachMaster([](Context& sc) {
    CHECK_THROWS_AS(sc.parallelize({1}, 0), InvalidArgument);
    CHECK_THROWS_WITH(sc.parallelize({1}, 0), Contains("parallelize at transformations_test.cc:"));
  });
}

TEST_CASE("range holds start, start + step, and so on before end", "[rdd]") {
  onEachMaster([](Context& sc) {
    using Longs = std::vector<int64_t>;
    CHECK(sc.range(0, 5, 1, 2).collect() == Longs{0, 1, 2, 3, 4});
    CHECK(sc.range(1, 10, 4, 3).collect() == Longs{1, 5, 9});
    CHECK(sc.range(10, 0, -3, 2).collect() == Longs{10, 7, 4, 1});
    CHECK(sc.range(5, 5, 1, 2).collect().empty());
    CHECK(sc.range(3).collect() == Longs{0, 1, 2});
    CHECK(sc.range(0, 1'000'000'000'000, 1, 1000).getNumPartitions() == 1000);
    CHECK(sc.range(INT64_MAX - 2, INT64_MAX, 1, 2).collect() == Longs{INT64_MAX - 2, INT64_MAX - 1});
    CHECK(sc.range(INT64_MIN, INT64_MAX, INT64_MAX, 2).collect() == Longs{INT64_MIN, -1, INT64_MAX - 1});
    CHECK_THROWS_AS(sc.range(0, 5, 0, 2), InvalidArgument);
    CHECK_THROWS_AS(sc.range(0, 5, 1, 0), InvalidArgument);
  });
}

TEST_CASE("transformations run nothing until an action", "[rdd]") {
  onEachMaster([](Context& sc) {
    auto calls = sc.longAccumulator("calls");
    auto counted = sc.parallelize(numbers(0, 10), 3).map([calls](int x) {
      calls += 1;
      return x + 1;
    });
    auto derived = counted.filter(isEven).flatMap([](int x) { return Ints{x, x}; }).keyBy([](int x) { return x % 3; });
    auto shuffled = derived.reduceByKey(std::plus<>(), 2).mapValues([](int x) { return -x; });
    CHECK(calls.value() == 0);
    CHECK(sorted(shuffled.collect()) == std::vector<std::pair<int, int>>{{0, -12}, {1, -28}, {2, -20}});
    CHECK(calls.value() == 10);
    CHECK(counted.count() == 10);
    CHECK(calls.value() == 20);
  });
}

TEST_CASE("map, filter, flatMap and keyBy work record by record", "[rdd]") {
  onEachMaster([](Context& sc) {
    auto rdd = sc.parallelize(numbers(0, 6), 4);
    CHECK(rdd.map([](int x) { return std::to_string(x); }).collect() == Texts{"0", "1", "2", "3", "4", "5"});
    CHECK(rdd.filter(isEven).collect() == Ints{0, 2, 4});
    CHECK(rdd.map([](int x) { return x * 2.5; }).filter([](double x) { return x > 9; }).collect() ==
          std::vector<double>{10, 12.5});
    CHECK(rdd.flatMap([](int x) { return Ints(static_cast<size_t>(x % 3), x); }).collect() == Ints{1, 2, 2, 4, 5, 5});
    CHECK(rdd.flatMap([](int x, auto emit) {
               if (x > 3) emit(x);
               if (x > 4) emit(-x);
             })
              .collect() == Ints{4, 5, -5});
    CHECK(rdd.flatMap<int64_t>([](int x, auto emit) { emit(x); }).map([](int64_t x) { return x; }).count() == 6);
    CHECK(rdd.flatMap([](int x) { return isEven(x) ? std::optional<int>(x) : std::nullopt; }).collect() ==
          Ints{0, 2, 4});
    CHECK(sc.parallelize(Texts{"a bc", "", " d "}, 2)
              .flatMap([](const std::string& line) { return words(line); })
              .count() == 3);
    CHECK(rdd.keyBy([](int x) { return x % 2; }).collect() ==
          std::vector<std::pair<int, int>>{{0, 0}, {1, 1}, {0, 2}, {1, 3}, {0, 4}, {1, 5}});
  });
}

TEST_CASE("a chain can do what an RDD can", "[rdd]") {
  onEachMaster([](Context& sc) {
    auto chain = sc.parallelize(numbers(0, 8), 2).map([](int x) { return x + 1; });
    RDD<int> named = chain.filter(isEven);
    CHECK(named.collect() == Ints{2, 4, 6, 8});
    CHECK(chain.getNumPartitions() == 2);
    CHECK((chain + named).count() == 12);
    CHECK(chain.zip(chain.map([](int x) { return -x; })).first() == std::pair(1, -1));
    CHECK(chain.glom().first() == Ints{1, 2, 3, 4});
    CHECK(chain.coalesce(1).getNumPartitions() == 1);
    CHECK(&chain.context() == &sc);
  });
}

TEST_CASE("functions may be free functions, members, member functions and function pointers", "[rdd]") {
  onEachMaster([](Context& sc) {
    auto points = sc.parallelize(std::vector<Point>{{1, 2}, {3, 4}}, 2);
    CHECK(points.map(&Point::sum).collect() == Ints{3, 7});
    CHECK(points.map(&Point::y).collect() == Ints{2, 4});
    CHECK(points.map(&Point::x).filter(isEven).isEmpty());
    CHECK(sc.parallelize(numbers(0, 4), 2).filter(&isEven).collect() == Ints{0, 2});
  });
}

TEST_CASE("mapPartitions sees each partition once", "[rdd]") {
  onEachMaster([](Context& sc) {
    auto rdd = sc.parallelize(numbers(0, 10), 3);
    auto sums = rdd.mapPartitions([](auto records) {
      int sum = 0;
      for (int x : records) sum += x;
      return Ints{sum};
    });
    CHECK(sums.collect() == Ints{0 + 1 + 2, 3 + 4 + 5, 6 + 7 + 8 + 9});
    auto placed = rdd.mapPartitionsWithIndex([](int p, auto& records) {
      std::vector<std::pair<int, int>> out;
      for (int x : records) out.emplace_back(p, x);
      return out;
    });
    CHECK(placed.filter([](const auto& each) { return each.first == 1; }).values().collect() == Ints{3, 4, 5});
    // A function may read only the first records, or none.
    CHECK(rdd.mapPartitions([](auto& records) { return Ints{*records.begin()}; }).collect() == Ints{0, 3, 6});
    CHECK(rdd.mapPartitions([](auto&) { return Ints(); }).count() == 0);
    CHECK(rdd.mapPartitions(
                 [](auto records, int bound) {
                   Ints out;
                   for (int x : records) {
                     if (x < bound) out.push_back(x);
                   }
                   return out;
                 },
                 4)
              .collect() == numbers(0, 4));
  });
}

TEST_CASE("zip pairs records by position and checks the sizes", "[rdd]") {
  onEachMaster([](Context& sc) {
    auto rdd = sc.parallelize(numbers(0, 6), 3);
    auto squares = rdd.map([](int x) { return x * x; });
    CHECK(rdd.zip(squares).filter([](const auto& p) { return p.second != p.first * p.first; }).isEmpty());
    CHECK(rdd.zip(rdd).count() == 6);
    CHECK_THROWS_AS(rdd.zip(sc.parallelize({1, 2}, 2)), InvalidArgument);
    CHECK_THROWS_WITH(rdd.zip(sc.parallelize({1, 2}, 2)), Contains("3 and 2 partitions"));

    // Partitions 0 and 1 agree, partition 2 has 2 records on the left and 1 on the right.
    auto uneven = rdd.filter([](int x) { return x != 5; });
    CHECK_THROWS_AS(rdd.zip(uneven).count(), JobFailed);
    CHECK_THROWS_WITH(rdd.zip(uneven).count(), Contains("partition 2") && Contains("2") && Contains("1"));
    CHECK_THROWS_WITH(uneven.zip(rdd).collect(), Contains("partition 2"));
  });
}

TEST_CASE("zipPartitions hands both sides of a partition to one function", "[rdd]") {
  onEachMaster([](Context& sc) {
    auto left = sc.parallelize(numbers(0, 6), 2);
    auto right = sc.parallelize({std::string("a"), std::string("b"), std::string("c")}, 2);
    auto joined = left.zipPartitions(right, [](auto xs, auto texts) {
      std::string all;
      for (int x : xs) all += std::to_string(x);
      for (const std::string& text : texts) all += text;
      return Texts{all};
    });
    CHECK(joined.collect() == Texts{"012a", "345bc"});
    CHECK_THROWS_AS(left.zipPartitions(sc.parallelize({1}, 1), [](auto, auto) { return Ints(); }), InvalidArgument);
  });
}

TEST_CASE("zipWithIndex numbers records in order, zipWithUniqueId without a job", "[rdd]") {
  onEachMaster([](Context& sc) {
    auto rdd = sc.parallelize(Texts{"a", "b", "c", "d", "e"}, 3);
    using Numbered = std::vector<std::pair<std::string, int64_t>>;
    CHECK(rdd.zipWithIndex().collect() == Numbered{{"a", 0}, {"b", 1}, {"c", 2}, {"d", 3}, {"e", 4}});
    CHECK(testing::tasksOf(sc, [&] { (void)rdd.zipWithUniqueId(); }) == 0);
    CHECK(testing::tasksOf(sc, [&] { (void)rdd.coalesce(1).zipWithIndex(); }) == 0);
    // Slices a | b c | d e: k, n + k, 2n + k in partition k of n.
    CHECK(rdd.zipWithUniqueId().collect() == Numbered{{"a", 0}, {"b", 1}, {"c", 4}, {"d", 2}, {"e", 5}});
  });
}

TEST_CASE("union keeps duplicates and the order of its parts", "[rdd]") {
  onEachMaster([](Context& sc) {
    auto a = sc.parallelize({1, 2}, 2);
    auto b = sc.parallelize({2, 3}, 1);
    CHECK(a.union_(b).collect() == Ints{1, 2, 2, 3});
    CHECK((a + b).getNumPartitions() == 3);
    CHECK((a + a).collect() == Ints{1, 2, 1, 2});
    CHECK(sc.union_({a, b, a}).collect() == Ints{1, 2, 2, 3, 1, 2});
    CHECK(sc.union_(std::vector<RDD<int>>{}).count() == 0);
    CHECK((a + sc.emptyRDD<int>()).collect() == Ints{1, 2});
  });
}

TEST_CASE("glom makes a vector of each partition", "[rdd]") {
  onEachMaster([](Context& sc) {
    CHECK(sc.parallelize(numbers(0, 4), 3).glom().collect() == std::vector<Ints>{{0}, {1}, {2, 3}});
    CHECK(sc.parallelize(Ints(), 2).glom().collect() == std::vector<Ints>{{}, {}});
  });
}

TEST_CASE("coalesce joins neighbours without a shuffle", "[rdd]") {
  onEachMaster([](Context& sc) {
    auto rdd = sc.parallelize(numbers(0, 100), 10);
    const int64_t moved = testing::shuffledBy(sc, [&] {
      CHECK(rdd.coalesce(3).collect() == numbers(0, 100));
      CHECK(partitionSizes(rdd.coalesce(3)) == std::vector<size_t>{30, 30, 40});
      CHECK(rdd.coalesce(20).getNumPartitions() == 10);
      CHECK(rdd.coalesce(1).map([](int x) { return x; }).count() == 100);
    });
    CHECK(moved == 0);
    CHECK(rdd.coalesce(20, true).getNumPartitions() == 20);
    CHECK(sorted(rdd.coalesce(20, true).collect()) == numbers(0, 100));
    CHECK_THROWS_AS(rdd.coalesce(0), InvalidArgument);
    CHECK_THROWS_AS(rdd.repartition(0), InvalidArgument);
    CHECK_THROWS_AS(rdd.repartition(-1), InvalidArgument);
  });
}

TEST_CASE("repartition makes partitions of even size", "[rdd]") {
  onEachMaster([](Context& sc) {
    auto skewed = sc.parallelize(numbers(0, 1000), 4).filter([](int x) { return x < 250; });
    auto even = skewed.repartition(5);
    CHECK(even.getNumPartitions() == 5);
    for (size_t size : partitionSizes(even)) CHECK(size == 50);
    CHECK(sorted(even.collect()) == numbers(0, 250));
    CHECK(even.collect() == even.collect());
    // Small partitions must not all begin with the same reduce partition.
    auto sizes = partitionSizes(sc.parallelize(numbers(0, 64), 64).repartition(4));
    CHECK(*std::max_element(sizes.begin(), sizes.end()) < 64);
  });
}

TEST_CASE("cartesian pairs every record with every other", "[rdd]") {
  onEachMaster([](Context& sc) {
    auto pairs = sc.parallelize({1, 2, 3}, 2).cartesian(sc.parallelize(Texts{"a", "b"}, 3));
    CHECK(pairs.getNumPartitions() == 6);
    using Pairs = std::vector<std::pair<int, std::string>>;
    CHECK(sorted(pairs.collect()) == Pairs{{1, "a"}, {1, "b"}, {2, "a"}, {2, "b"}, {3, "a"}, {3, "b"}});
    auto rdd = sc.parallelize(numbers(0, 5), 2);
    CHECK(rdd.cartesian(rdd).filter([](const auto& p) { return p.first < p.second; }).count() == 10);
    CHECK(rdd.cartesian(sc.emptyRDD<int>()).count() == 0);
  });
}

TEST_CASE("sample is stable for a seed and near its fraction", "[rdd]") {
  std::vector<Ints> samples;
  onEachMaster([&samples](Context& sc) {
    auto rdd = sc.parallelize(numbers(0, 10'000), 4);
    const auto half = rdd.sample(false, 0.5, 7).collect();
    CHECK(half == rdd.sample(false, 0.5, 7).collect());
    CHECK(half != rdd.sample(false, 0.5, 8).collect());
    CHECK(half.size() > 4700);
    CHECK(half.size() < 5300);
    CHECK(std::is_sorted(half.begin(), half.end()));
    CHECK(std::adjacent_find(half.begin(), half.end()) == half.end());
    const auto twice = rdd.sample(true, 2.0, 7).collect();
    CHECK(twice.size() > 19'000);
    CHECK(twice.size() < 21'000);
    CHECK(std::adjacent_find(twice.begin(), twice.end()) != twice.end());
    CHECK(rdd.sample(false, 0).count() == 0);
    CHECK(rdd.sample(false, 1).count() == 10'000);
    CHECK_THROWS_AS(rdd.sample(false, 1.5), InvalidArgument);
    CHECK_THROWS_AS(rdd.sample(true, -0.1), InvalidArgument);
    samples.push_back(half);
  });
  CHECK(samples[0] == samples[1]);
  CHECK(samples[0] == samples[2]);
}

TEST_CASE("randomSplit cuts an RDD into disjoint parts by weight", "[rdd]") {
  onEachMaster([](Context& sc) {
    auto rdd = sc.parallelize(numbers(0, 10'000), 3);
    auto parts = rdd.randomSplit({6, 3, 1}, 11);
    REQUIRE(parts.size() == 3);
    CHECK(sorted((parts[0] + parts[1] + parts[2]).collect()) == numbers(0, 10'000));
    CHECK(parts[0].count() == Approx(6000).epsilon(0.1));
    CHECK(parts[2].count() == Approx(1000).epsilon(0.2));
    CHECK(parts[1].collect() == rdd.randomSplit({6, 3, 1}, 11)[1].collect());
    CHECK_THROWS_AS(rdd.randomSplit({1, -1}), InvalidArgument);
    CHECK_THROWS_AS(rdd.randomSplit({0, 0}), InvalidArgument);
  });
}

TEST_CASE("groupBy, distinct, intersection and subtract follow the records' equality", "[rdd]") {
  onEachMaster([](Context& sc) {
    auto rdd = sc.parallelize({3, 1, 2, 3, 1, 5}, 3);
    auto groups = rdd.groupBy([](int x) { return x % 2; }, 2).collectAsMap();
    CHECK(groups.at(0) == Ints{2});
    CHECK(groups.at(1) == Ints{3, 1, 3, 1, 5});
    CHECK(sorted(rdd.distinct().collect()) == Ints{1, 2, 3, 5});
    CHECK(rdd.distinct(7).getNumPartitions() == 7);
    auto other = sc.parallelize({3, 3, 2, 9}, 2);
    CHECK(sorted(rdd.intersection(other).collect()) == Ints{2, 3});
    CHECK(sorted(rdd.subtract(other).collect()) == Ints{1, 1, 5});
    CHECK(rdd.subtract(rdd).isEmpty());
    CHECK(sorted(rdd.intersection(rdd, 4).collect()) == Ints{1, 2, 3, 5});
  });
}

TEST_CASE("a barrier stage runs its tasks and returns their records", "[rdd]") {
  onEachMaster([](Context& sc) {
    auto doubled = sc.parallelize({1}, 1).barrier().mapPartitions([](auto records) {
      Ints out;
      for (int x : records) out.push_back(2 * x);
      return out;
    });
    CHECK(doubled.collect() == Ints{2});
  });
}

TEST_CASE("indexes never overlap: an RDD that counts differently the second time is refused", "[rdd]") {
  Context sc(testing::testConf(testing::kThreads));
  const auto changing = sc.range(0, 8000, 1, 4).filter([](int64_t) {
    static thread_local std::mt19937_64 random{std::random_device{}()};
    return random() % 2 == 0;
  });
  CHECK_THROWS_WITH(changing.zipWithIndex().collect(), Catch::Contains("zipWithIndex at ") &&
                                                           Catch::Contains("when they were counted") &&
                                                           Catch::Contains("not deterministic"));
  const auto kept = changing.cache();
  CHECK(kept.zipWithIndex().count() == kept.count());
}

}  // namespace cerium
