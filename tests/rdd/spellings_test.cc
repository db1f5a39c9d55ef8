// Cerium. Licensed under the Apache License 2.0.
// Programs as people write them: literals as records, maps as input and output, values bound after any function,
// parameters of every kind.
#include <chrono>
#include <map>
#include <ranges>
#include <set>
#include <unordered_map>

#include "tests/support/each_master.h"

namespace cerium {

using testing::onEachMaster;
using Ints = std::vector<int>;
using Text = std::string;

namespace {

auto pairsOf(const RDD<int>& numbers) {
  return numbers.map([](int x) { return std::pair(x % 2, x); });
}

/// An accumulator value that counts its copies.
struct Counted {
  Counted() = default;
  Counted(const Counted& other) : sum(other.sum), copies(other.copies + 1) {}
  Counted(Counted&&) = default;
  Counted& operator=(const Counted&) = default;
  Counted& operator=(Counted&&) = default;
  int sum = 0;
  int copies = 0;
  template <class Archive>
  void serialize(Archive& archive) {
    archive(sum, copies);
  }
};

/// Partitions words by their first letter.
struct FirstLetter {
  [[nodiscard]] int numPartitions() const { return 26; }
  [[nodiscard]] int getPartition(const Text& key) const { return key.at(0) - 'a'; }
};

}  // namespace

TEST_CASE("literals become strings, as records, in pairs, bound, broadcast and returned", "[rdd]") {
  onEachMaster([](Context& sc) {
    auto lines = sc.parallelize({"the cat", "the dog"}, 2);
    static_assert(std::is_same_v<decltype(lines), RDD<Text>>);
    CHECK(lines.flatMap([](const Text& line) { return words(line); }).count() == 4);
    auto pairs = sc.parallelize({std::pair{"a", 1}, std::pair{"b", 2}, std::pair{"a", 3}}, 2);
    CHECK(pairs.reduceByKey(std::plus<>()).collectAsMap().at("a") == 4);
    CHECK(lines.filter([](const Text& line, const Text& end) { return line.ends_with(end); }, "cat").count() == 1);

    auto numbers = sc.parallelize(Ints{1, 2, 3, 4}, 2);
    CHECK(numbers.groupBy([](int x) { return x % 2 ? "odd" : "even"; }).count() == 2);
    CHECK(numbers.map([](int x) { return std::pair(x % 2 ? "odd" : "even", x); })
              .reduceByKey(std::plus<>())
              .collectAsMap()
              .at("odd") == 4);
    const auto text = sc.broadcast("text");
    CHECK(numbers.map([text](int) { return text->size(); }).reduce(std::plus<>()) == 16);
    CHECK(numbers.map([](int) { return "literal"; }).collect().at(0) == "literal");
    const char* const words[] = {"x", "y"};
    CHECK(sc.parallelize(words).collect() == std::vector<Text>{"x", "y"});
  });
}

TEST_CASE("maps are input, output and results", "[rdd]") {
  onEachMaster([](Context& sc) {
    const std::map<Text, int> map{{"a", 1}};
    CHECK(sc.parallelize(map).mapValues([](int v) { return v + 1; }).collect().at(0).second == 2);
    auto numbers = sc.parallelize(Ints{1, 2, 3, 4}, 2);
    CHECK(numbers.flatMap([](int x) {
                   return std::unordered_map<int, int>{{x % 2, x}};
                 })
              .groupByKey()
              .collectAsMap()
              .at(1) == Ints{1, 3});
    auto histogram = numbers.mapPartitions([](auto& records) {
      std::map<int, int> counts;
      for (int x : records) ++counts[x % 2];
      return counts;
    });
    CHECK(histogram.reduceByKey(std::plus<>()).collectAsMap().at(1) == 2);

    const std::unordered_map<int, int64_t> by_value = numbers.countByValue();
    CHECK(by_value.at(3) == 1);
    const std::unordered_map<int, int64_t> by_key = pairsOf(numbers).countByKey();
    CHECK(by_key.at(0) == 2);
    const std::unordered_map<int, int> sums = pairsOf(numbers).reduceByKeyLocally(std::plus<>());
    CHECK(sums.at(0) == 6);
    const std::unordered_map<int, int> last = pairsOf(numbers).collectAsMap();
    CHECK(last.size() == 2);
    CHECK(pairsOf(numbers).countByValue().at({1, 3}) == 1);
    const std::unordered_map<double, int64_t> halves = numbers.map([](int x) { return x / 2 / 2.0; }).countByValue();
    CHECK(halves.at(0.5) == 2);
  });
}

TEST_CASE("values are bound after the function of any operation", "[rdd]") {
  onEachMaster([](Context& sc) {
    const int one = 1;
    auto numbers = sc.parallelize(Ints{1, 2, 3, 4}, 2);
    auto pairs = pairsOf(numbers);
    const auto parity = [](int x, const Text& prefix) { return prefix + std::to_string(x % 2); };
    CHECK(numbers.keyBy(parity, "x").first().first == "x1");
    CHECK(numbers.groupBy(parity, Text("x")).count() == 2);
    CHECK(numbers.sortBy([](int x, int by) { return -x * by; }, one).first() == 4);
    CHECK(pairs.flatMapValues([](int v, int more) { return Ints{v, more}; }, one).count() == 8);
    CHECK(pairs.mapValues([](int v, int a, int b) { return v + a + b; }, one, one).values().sum() == 18);
    CHECK(numbers.filter([](int x, int a, int b, int c) { return x > a + b + c; }, one, one, one).count() == 1);
    CHECK(numbers.reduce([](int a, int b, int by) { return a + b * by; }, one) == 10);
    CHECK(pairs.reduceByKey([](int a, int b, int by) { return a + b * by; }, one).collectAsMap().at(1) == 4);
    const auto total = [](auto& records, int a, int b) {
      int sum = a + b;
      for (int x : records) sum += x;
      return Ints{sum};
    };
    CHECK(numbers.mapPartitions(total, one, one).sum() == 14);
    const auto numbered = [](int, auto& records, int a, int b) {
      int sum = a + b;
      for (int x : records) sum += x;
      return Ints{sum};
    };
    CHECK(numbers.mapPartitionsWithIndex(numbered, one, one).sum() == 14);
    const auto seen = sc.longAccumulator("seen");
    numbers.foreach ([seen](int x, int a, int b) { seen.add(x * a * b); }, one, one);
    numbers.foreachPartition(
        [seen](auto& records, int by) {
          for (int x : records) seen.add(x * by);
        },
        one);
    CHECK(seen.value() == 20);
  });
}

TEST_CASE("functions take what they accumulate by value or change it in place", "[rdd]") {
  onEachMaster([](Context& sc) {
    auto numbers = sc.parallelize(Ints{1, 2, 3, 4}, 2);
    const auto insert = [](auto& set, int x) {
      set.insert(x);
      return set;
    };
    const auto unite = [](auto& a, const auto& b) {
      a.insert(b.begin(), b.end());
      return a;
    };
    CHECK(numbers.aggregate(std::set<int>(), insert, unite).size() == 4);
    CHECK(numbers.treeAggregate(std::set<int>(), insert, unite).size() == 4);
    CHECK(pairsOf(numbers).aggregateByKey(std::set<int>(), insert, unite).collectAsMap().at(1).size() == 2);
    CHECK(numbers.reduce([](int& a, int b) { return a += b; }) == 10);
    const auto add = [](Counted& a, int x) -> Counted& {
      a.sum += x;
      return a;
    };
    const auto merge = [](Counted& a, const Counted& b) -> Counted& {
      a.sum += b.sum;
      return a;
    };
    const Counted total =
        sc.range(0, 1'000, 1, 2).map([](int64_t x) { return static_cast<int>(x); }).aggregate(Counted(), add, merge);
    CHECK(total.sum == 499'500);
    CHECK(total.copies < 10);  // of the zero value, not one a record
    CHECK(numbers.sortBy([](int& x) { return -x; }).first() == 4);
    CHECK(numbers.keyBy([](int&& x) { return x; }).first().first == 1);
    CHECK(numbers.map([](int&& x) { return x; }).count() == 4);
    CHECK(numbers.map([](int x) { return std::to_string(x); }).map([](Text&& x) { return std::move(x); }).first() ==
          "1");
  });
}

TEST_CASE("lazy views are ranges", "[rdd]") {
  onEachMaster([](Context& sc) {
    auto numbers = sc.parallelize(Ints{1, 2, 3, 4}, 2);
    CHECK(numbers
              .mapPartitions(
                  [](auto records) { return std::move(records) | std::views::filter([](int x) { return x > 1; }); })
              .collect() == Ints{2, 3, 4});
    CHECK(numbers.flatMap([](int x) { return std::views::iota(0, x); }).count() == 10);
  });
}

TEST_CASE("truth values are records like others", "[rdd]") {
  onEachMaster([](Context& sc) {
    auto truths = sc.parallelize({true, false, true}, 2);
    CHECK(truths.max());
    CHECK_FALSE(truths.min());
    CHECK(truths.top(2) == std::vector<bool>{true, true});
    CHECK(truths.takeOrdered(2) == std::vector<bool>{false, true});
    CHECK(truths.flatMap([](bool x) { return std::vector<bool>{x, !x}; }).countByValue().at(true) == 3);
    CHECK(truths.mapPartitions([](auto&) { return std::vector<bool>{true}; }).count() == 2);
  });
}

TEST_CASE("dates of the calendar are keys", "[rdd]") {
  using namespace std::chrono;
  onEachMaster([](Context& sc) {
    auto days = sc.parallelize({sys_days(2017y / 1 / 1), sys_days(2017y / 1 / 2), sys_days(2017y / 1 / 1)}, 2);
    const auto counts = days.map([](sys_days day) { return std::pair(year_month_day(day), 1); })
                            .reduceByKey(std::plus<>())
                            .sortByKey()
                            .collect();
    REQUIRE(counts.size() == 2);
    CHECK(counts[0] == std::pair(year_month_day(2017y / 1 / 1), 2));
    CHECK(days.map([](sys_days day) { return std::pair(weekday(day), 1); }).reduceByKey(std::plus<>()).count() == 2);
    CHECK(days.groupBy([](sys_days day) {
                const year_month_day date(day);
                return date.year() / date.month();
              })
              .count() == 1);
  });
}

TEST_CASE("an aggregation by a partitioner other than the hash partitions by the whole key", "[rdd]") {
  onEachMaster([](Context& sc) {
    auto pairs = sc.parallelize({std::pair{"a", 1}, std::pair{"b", 2}, std::pair{"a", 3}, std::pair{"c", 5}}, 2);
    const RangePartitioner<Text> ranges({"a", "b"});
    CHECK(pairs.reduceByKey(std::plus<>(), ranges).lookup("c") == Ints{5});
    CHECK(pairs.reduceByKey(std::plus<>(), ranges).filterByRange("b", "c").count() == 2);
    auto by_letter = pairs.aggregateByKey(0, std::plus<>(), std::plus<>(), FirstLetter());
    CHECK(by_letter.glom().filter([](const auto& part) { return !part.empty(); }).count() == 3);
    auto sorted = pairs.sortByKey(true, 3);
    const auto* range = sorted.partitioner()->as<RangePartitioner<Text>>();
    REQUIRE(range != nullptr);
    CHECK(sorted.cogroup(pairs.reduceByKey(std::plus<>(), *range)).count() == 3);
  });
}

TEST_CASE("the partitioner that an RDD reports can be handed to another operation", "[rdd]") {
  onEachMaster([](Context& sc) {
    auto pairs = pairsOf(sc.parallelize(Ints{1, 2, 3, 4}, 2));
    auto parted = pairs.partitionBy(3);
    const Partitioner reported = *parted.partitioner();
    CHECK(pairs.partitionBy(reported).partitioner() == reported);
    CHECK(pairs.join(parted, reported).count() == 8);
    CHECK(pairs.reduceByKey(std::plus<>(), reported).getNumPartitions() == 3);
    auto words = sc.parallelize({std::pair{"a", 1}, std::pair{"b", 2}}, 2);
    CHECK(words.groupByKey(*words.sortByKey().partitioner()).count() == 2);
    CHECK_THROWS_AS(words.groupByKey(*words.partitionBy(FirstLetter()).partitioner()), InvalidArgument);
  });
}

TEST_CASE("unions of chains, of RDDs and of both", "[rdd]") {
  onEachMaster([](Context& sc) {
    auto numbers = sc.parallelize(Ints{1, 2}, 2);
    auto twice = numbers.map([](int x) { return 2 * x; });
    CHECK(sc.union_({numbers, numbers}).count() == 4);
    CHECK(sc.union_({twice, twice}).collect() == Ints{2, 4, 2, 4});
    CHECK(sc.union_(twice, numbers, twice).collect() == Ints{2, 4, 1, 2, 2, 4});
  });
}

TEST_CASE("barrier tasks know their rank, records are read with hasNext and next, listeners take no argument",
          "[rdd]") {
  onEachMaster([](Context& sc) {
    if (sc.defaultParallelism() < 2) return;  // the tasks of a barrier stage run at the same time
    auto numbers = sc.parallelize(Ints{1, 2, 3, 4}, 2);
    const auto ranks = [](auto& records, int plus) {
      auto context = BarrierTaskContext::get();
      context->barrier();
      int n = 0;
      for (; records.hasNext(); ++n) (void)records.next();
      TaskContext::get()->addTaskCompletionListener([] {});
      return Ints{context.partitionId(), TaskContext::getPartitionId(), context.numPartitions(), n + plus};
    };
    CHECK(numbers.barrier().mapPartitions(ranks, 10).collect() == Ints{0, 0, 2, 12, 1, 1, 2, 12});
    const auto seen = sc.longAccumulator("seen");
    numbers
        .foreachPartitionAsync([seen](auto& records) {
          for (int x : records) seen.add(x);
        })
        .get();
    CHECK(seen.value() == 10);
    CHECK(numbers.pipe({"wc", "-l"}).count() == 2);
    CHECK(numbers.pipe({"cat"}).count() == 4);
    CHECK(pairsOf(numbers).sampleByKey(false, {{0, 1.0}, {1, 0.0}}).count() == 2);
  });
}

TEST_CASE("counts below zero, borders that fall and names of nothing are refused at the call", "[rdd]") {
  Context sc(testing::testConf(testing::kThreads));
  auto numbers = sc.parallelize(Ints{1, 2, 3, 4}, 2);
  CHECK(numbers.take(-1).empty());
  CHECK_THROWS_AS(numbers.top(-1), InvalidArgument);
  CHECK_THROWS_AS(numbers.takeSample(false, -1), InvalidArgument);
  CHECK_THROWS_AS(numbers.histogram({3, 1}), InvalidArgument);
  CHECK(numbers.histogram({1, 4}) == std::vector<int64_t>{4});
  CHECK_THROWS_AS(sc.parallelize(Ints{1}, -1), InvalidArgument);
  CHECK_THROWS_AS(pairsOf(numbers).sortByKey(true, -2), InvalidArgument);
  CHECK_THROWS_AS(numbers.saveAsTextFile("/nowhere", "bz7"), InvalidArgument);
}

TEST_CASE("a thrown text reaches the user", "[rdd]") {
  onEachMaster([](Context& sc) {
    CHECK_THROWS_WITH(sc.range(4).map([](int64_t) -> int { throw "a literal"; }).count(), Catch::Contains("a literal"));
    CHECK_THROWS_WITH(sc.range(4).map([](int64_t) -> int { throw Text("a string"); }).count(),
                      Catch::Contains("std::string: a string"));
  });
}

TEST_CASE("an exception of a merge in the driver fails the job like an exception of a task", "[rdd]") {
  onEachMaster([](Context& sc) {
    auto two = sc.parallelize(Ints{1, 2}, 2);  // one record in each partition, so that only the driver merges
    try {
      two.reduce([](int, int) -> int { throw std::logic_error("cannot merge"); });
      FAIL("nothing was thrown");
    } catch (const JobFailed& e) {
      CHECK(e.exceptionType() == "std::logic_error");
      CHECK(e.message() == "cannot merge");
      CHECK_THAT(e.callSite(), Catch::Contains("reduce at spellings_test.cc"));
    }
    CHECK_THROWS_AS(two.aggregate(0, std::plus<>(), [](int, int) -> int { throw std::logic_error("no"); }), JobFailed);
    CHECK(two.reduce(std::plus<>()) == 3);
  });
}

TEST_CASE("a cancelled job has no active stages", "[rdd]") {
  Context sc(testing::testConf(testing::kThreads));
  auto job = sc.range(0, 3, 1, 3)
                 .map([](int64_t x) {
                   while (!TaskContext::get()->isInterrupted()) ::usleep(1'000);
                   return x;
                 })
                 .countAsync();
  while (sc.statusTracker().getActiveStageIds().empty()) ::usleep(1'000);
  job.cancel();
  CHECK_THROWS_AS(job.get(), JobFailed);
  CHECK(sc.statusTracker().getActiveStageIds().empty());
}

}  // namespace cerium
