// Cerium. Licensed under the Apache License 2.0.
// Extreme sizes and types: no records, empty partitions, very many partitions, very large records, records and
// functions of unusual types.
#include <array>
#include <list>
#include <map>
#include <set>

#include "tests/support/each_master.h"

namespace cerium {

using testing::numbers;
using testing::onEachMaster;
using testing::sorted;
using Ints = std::vector<int>;
using Pairs = std::vector<std::pair<int, int>>;

namespace {

/// A user's record type, used as a key too.
struct City {
  std::string name;
  int people = 0;
  template <class Archive>
  void serialize(Archive& archive) {
    archive(name, people);
  }
  friend bool operator==(const City&, const City&) = default;
  friend auto operator<=>(const City&, const City&) = default;
};

/// A function with state that is not bitwise.
struct Prefixed {
  std::string prefix;
  std::map<int, std::string> names;
  std::string operator()(int x) const {
    auto found = names.find(x);
    return prefix + (found == names.end() ? "?" : found->second);
  }
  template <class Archive>
  void serialize(Archive& archive) {
    archive(prefix, names);
  }
};

/// State that can be moved but not copied, inside a task.
struct Counter {
  std::unique_ptr<int> count = std::make_unique<int>(0);
  int next() { return ++*count; }
};

enum class Colour { kRed, kGreen };

}  // namespace
}  // namespace cerium

template <>
struct std::hash<cerium::City> {
  size_t operator()(const cerium::City& city) const { return std::hash<std::string>()(city.name); }
};

namespace cerium {

TEST_CASE("an RDD of no partitions takes every operation", "[rdd]") {
  onEachMaster([](Context& sc) {
    auto none = sc.emptyRDD<int>();
    CHECK(none.getNumPartitions() == 0);
    CHECK(none.collect().empty());
    CHECK(none.count() == 0);
    CHECK(none.take(3).empty());
    CHECK(none.top(3).empty());
    CHECK(none.takeOrdered(3).empty());
    CHECK(none.takeSample(false, 3).empty());
    CHECK(none.isEmpty());
    CHECK(none.countByValue().empty());
    CHECK(none.countApproxDistinct() == 0);
    CHECK(none.fold(0, std::plus<>()) == 0);
    CHECK(none.aggregate(5, std::plus<>(), std::plus<>()) == 5);
    CHECK(none.treeAggregate(5, std::plus<>(), std::plus<>()) == 5);
    CHECK(none.collectAsync().get().empty());
    CHECK(none.countAsync().get() == 0);
    CHECK(none.stats().count() == 0);
    none.foreach ([](int) {});
    none.foreachPartition([](auto&) {});
    CHECK(none.map([](int x) { return x; }).filter([](int) { return true; }).count() == 0);
    CHECK(none.glom().count() == 0);
    CHECK(none.zip(none).count() == 0);
    CHECK(none.zipWithIndex().count() == 0);
    CHECK(none.zipWithUniqueId().count() == 0);
    CHECK((none + none).count() == 0);
    CHECK(none.coalesce(3).count() == 0);
    CHECK(none.repartition(3).count() == 0);
    CHECK(none.distinct().count() == 0);
    CHECK(none.sortBy([](int x) { return x; }).collect().empty());
    CHECK(none.groupBy([](int x) { return x; }).count() == 0);
    CHECK(none.intersection(none).count() == 0);
    CHECK(none.subtract(none).count() == 0);
    CHECK(none.cartesian(sc.parallelize({1}, 1)).count() == 0);
    CHECK(none.sample(false, 0.5).count() == 0);
    CHECK(none.pipe("cat").count() == 0);
    CHECK(none.cache().count() == 0);
    CHECK(none.histogram(std::vector<double>{0, 1}) == std::vector<int64_t>{0});
    CHECK_FALSE(none.toDebugString().empty());
  });
}

TEST_CASE("pairs of no partitions take every operation", "[rdd]") {
  onEachMaster([](Context& sc) {
    auto none = sc.emptyRDD<std::pair<int, int>>();
    auto some = sc.parallelize(Pairs{{1, 2}}, 1);
    CHECK(none.reduceByKey(std::plus<>()).count() == 0);
    CHECK(none.groupByKey().count() == 0);
    CHECK(none.sortByKey().count() == 0);
    CHECK(none.join(some).count() == 0);
    CHECK(some.join(none).count() == 0);
    CHECK(some.leftOuterJoin(none).count() == 1);
    CHECK(none.fullOuterJoin(some).count() == 1);
    CHECK(none.cogroup(none).count() == 0);
    CHECK(some.subtractByKey(none).count() == 1);
    CHECK(none.countByKey().empty());
    CHECK(none.collectAsMap().empty());
    CHECK(none.lookup(1).empty());
    CHECK(none.partitionBy(3).getNumPartitions() == 3);
    CHECK(none.mapValues([](int x) { return x; }).count() == 0);
    CHECK(none.filterByRange(0, 9).count() == 0);
    CHECK(none.reduceByKeyLocally(std::plus<>()).empty());
  });
}

TEST_CASE("empty partitions among full ones change nothing", "[rdd]") {
  onEachMaster([](Context& sc) {
    auto rdd = sc.parallelize(numbers(0, 100), 10).filter([](int x) { return x / 10 == 3 || x / 10 == 8; });
    CHECK(rdd.count() == 20);
    CHECK(rdd.reduce([](int a, int b) { return std::min(a, b); }) == 30);
    CHECK(rdd.max() == 89);
    CHECK(rdd.take(12).back() == 81);
    CHECK(rdd.sortBy([](int x) { return -x; }).first() == 89);
    CHECK(rdd.zipWithIndex().collect()[10] == std::pair<int, int64_t>(80, 10));
    CHECK(rdd.map([](int x) { return std::pair(x % 2, 1); }).reduceByKey(std::plus<>(), 50).values().collect() ==
          Ints{10, 10});
    CHECK(rdd.coalesce(3).collect() == rdd.collect());
    CHECK(rdd.glom().filter([](const Ints& part) { return part.empty(); }).count() == 8);
  });
}

TEST_CASE("thousands of partitions", "[rdd]") {
  onEachMaster([](Context& sc) {
    CHECK(sc.range(0, 5000, 1, 5000).count() == 5000);
    CHECK(sc.parallelize(numbers(0, 300), 300)
              .map([](int x) { return std::pair(x % 7, 1); })
              .reduceByKey(std::plus<>(), 200)
              .count() == 7);
  });
}

TEST_CASE("a hundred thousand partitions", "[rdd][.slow]") {
  onEachMaster([](Context& sc) {
    CHECK(sc.range(0, 200'000, 1, 100'000).count() == 200'000);
    CHECK(sc.range(0, 200'000, 1, 100'000).map([](int64_t x) { return x; }).take(3) == std::vector<int64_t>{0, 1, 2});
  });
}

TEST_CASE("a record of 100 MB passes through every way", "[rdd]") {
  onEachMaster([](Context& sc) {
    constexpr size_t kSize = 100'000'000;
    auto big = sc.parallelize({1}, 1).map([](int) { return std::string(kSize, 'x'); });
    CHECK(big.map([](const std::string& text) { return text.size(); }).first() == kSize);
    CHECK(big.first().size() == kSize);
    auto shuffled = big.map([](std::string text) { return std::pair(1, std::move(text)); }).partitionBy(2);
    CHECK(shuffled.mapValues([](const std::string& text) { return text.size(); }).first() == std::pair(1, kSize));
  });
}

TEST_CASE("nested records of standard types", "[rdd]") {
  using Nested = std::map<std::string, std::vector<std::optional<double>>>;
  onEachMaster([](Context& sc) {
    const std::vector<Nested> records = {{{"a", {1.5, std::nullopt}}, {"", {}}}, {}, {{"b", {std::nullopt}}}};
    auto rdd = sc.parallelize(records, 2);
    CHECK(rdd.collect() == records);
    CHECK(rdd.map([](Nested record) {
               record["new"].push_back(2);
               return record;
             })
              .cache()
              .filter([](const Nested& record) { return record.size() > 1; })
              .count() == 2);
    CHECK(rdd.map([](const Nested& record) { return std::pair(record.size(), record); })
              .groupByKey(2)
              .lookup(2)
              .at(0)
              .at(0) == records[0]);
    CHECK(rdd.repartition(3).persist(MEMORY_ONLY_SER).count() == 3);
    auto odd = sc.parallelize({1, 2}, 2).map([](int x) {
      return std::tuple(std::array<std::string, 2>{"x", std::to_string(x)}, std::set<int>{x}, std::list<char>(2, 'c'),
                        Colour::kGreen);
    });
    CHECK(std::get<0>(odd.repartition(1).collect()[0])[0] == "x");
  });
}

TEST_CASE("records and keys of user types", "[rdd]") {
  onEachMaster([](Context& sc) {
    const std::vector<City> cities = {{"Ulm", 128}, {"Bonn", 336}, {"Ulm", 1}};
    auto rdd = sc.parallelize(cities, 2);
    CHECK(rdd.collect() == cities);
    CHECK(rdd.map([](const City& city) { return std::pair(city, 1); }).reduceByKey(std::plus<>(), 2).count() == 3);
    CHECK(rdd.keyBy(&City::name).groupByKey(2).lookup("Ulm").at(0) == std::vector<City>{{"Ulm", 128}, {"Ulm", 1}});
    CHECK(rdd.max() == City{"Ulm", 128});
    CHECK(rdd.distinct().count() == 3);
    CHECK(rdd.sortBy([](const City& city) { return city.people; }).first() == City{"Ulm", 1});
    CHECK(rdd.persist(DISK_ONLY).map(&City::people).sum() == 465);
    auto colours = sc.parallelize({Colour::kRed, Colour::kGreen, Colour::kRed}, 2);
    CHECK(colours.countByValue().at(Colour::kRed) == 2);
  });
}

TEST_CASE("records of bool", "[rdd]") {
  onEachMaster([](Context& sc) {
    auto flags = sc.parallelize(numbers(0, 10), 3).map([](int x) { return x % 3 == 0; });
    CHECK(flags.collect() == std::vector<bool>{true, false, false, true, false, false, true, false, false, true});
    CHECK(flags.take(2) == std::vector<bool>{true, false});
    CHECK(flags.filter([](bool flag) { return flag; }).count() == 4);
    CHECK(flags.countByValue().at(true) == 4);
    CHECK(flags.first());
    CHECK(flags.reduce([](bool a, bool b) { return a != b; }) == false);
    CHECK(flags.cache().collect() == flags.collect());
    CHECK(flags.map([](bool flag) { return std::pair(flag, 1); }).reduceByKey(std::plus<>(), 2).lookup(true) ==
          Ints{4});
    CHECK(flags.map([](bool flag) { return std::pair(1, flag); }).groupByKey(2).values().first().size() == 10);
    CHECK(flags.sortBy([](bool flag) { return flag; }).collect().back());
    CHECK(flags.glom().count() == 3);
    CHECK(flags.zip(flags).count() == 10);
    CHECK(flags.distinct().count() == 2);
  });
}

TEST_CASE("functors with serialize and values bound after the function travel", "[rdd]") {
  onEachMaster([](Context& sc) {
    auto rdd = sc.parallelize(numbers(0, 3), 3);
    CHECK(rdd.map(Prefixed{"#", {{1, "one"}}}).collect() == std::vector<std::string>{"#?", "#one", "#?"});
    const std::string word = "a text too long for a small string";
    CHECK(rdd.map([](int x, const std::string& w) { return w + std::to_string(x); }, word).collect()[2] == word + "2");
    CHECK(rdd.map([](int x, const Ints& table,
                     const std::string& w) { return table[static_cast<size_t>(x)] + static_cast<int>(w.size()); },
                  Ints{10, 20, 30}, std::string("ab"))
              .collect() == Ints{12, 22, 32});
    CHECK(
        rdd.map([](int x, int a, double b, const std::string& c) { return x * a * b + static_cast<double>(c.size()); },
                2, 1.5, std::string("c"))
            .collect() == std::vector<double>{1, 4, 7});
    CHECK(rdd.filter([](int x, const Ints& allowed) { return std::count(allowed.begin(), allowed.end(), x) > 0; },
                     Ints{0, 2})
              .count() == 2);
    CHECK(rdd.filter([](int x, int low, int high) { return low <= x && x <= high; }, 1, 2).collect() == Ints{1, 2});
    CHECK(rdd.flatMap([](int x, const std::string& w) { return std::vector<std::string>(static_cast<size_t>(x), w); },
                      word)
              .count() == 3);
  });
}

TEST_CASE("a lambda may have state that changes, each task its own", "[rdd]") {
  onEachMaster([](Context& sc) {
    auto numbered = sc.parallelize(numbers(0, 9), 3).map([n = 0](int) mutable { return n++; });
    CHECK(numbered.collect() == Ints{0, 1, 2, 0, 1, 2, 0, 1, 2});
    CHECK(numbered.collect() == Ints{0, 1, 2, 0, 1, 2, 0, 1, 2});
    auto moved = sc.parallelize(numbers(0, 6), 2).mapPartitions([](auto records) {
      Counter counter;
      Ints out;
      for ([[maybe_unused]] int x : records) out.push_back(counter.next());
      return out;
    });
    CHECK(moved.collect() == Ints{1, 2, 3, 1, 2, 3});
  });
}

TEST_CASE("records that are moved through a chain are not lost to a second reader", "[rdd]") {
  onEachMaster([](Context& sc) {
    auto texts = sc.parallelize(std::vector<std::string>(50, std::string(100, 'x')), 3);
    auto lengths = [](std::string text) { return text.size(); };
    CHECK(texts.map(lengths).sum() == 5000);
    CHECK(texts.map(lengths).sum() == 5000);
    auto cached = texts.map([](std::string text) { return std::pair(1, std::move(text)); }).cache();
    for (int i = 0; i < 3; ++i) {
      CHECK(cached.mapValues(lengths).values().sum() == 5000);
      CHECK(cached.groupByKey(2).values().first().at(49).size() == 100);
      CHECK(cached.values()
                .reduce([](std::string a, std::string b) { return a.size() > b.size() ? std::move(a) : std::move(b); })
                .size() == 100);
    }
    auto shuffled = cached.partitionBy(2);
    CHECK(shuffled.join(shuffled).count() == 2500);
    CHECK(shuffled.values().map(lengths).sum() == 5000);
    CHECK(shuffled.values().map(lengths).sum() == 5000);
  });
}

}  // namespace cerium
