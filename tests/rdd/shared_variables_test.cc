// Cerium. Licensed under the Apache License 2.0.
// Broadcasts reach every task, accumulators count exactly, and added files are found.
#include <fstream>
#include <map>
#include <memory>

#include "tests/support/each_master.h"
#include "tests/support/temp_folder.h"

namespace cerium {

using Catch::Contains;
using testing::numbers;
using testing::onEachMaster;
using testing::sorted;
using Ints = std::vector<int>;

namespace {

/// A user's type with `serialize`.
struct Limits {
  std::string name;
  std::map<std::string, int> most;
  template <class Archive>
  void serialize(Archive& archive) {
    archive(name, most);
  }
};

struct Larger {
  int operator()(int a, int b) const { return std::max(a, b); }
};

}  // namespace

TEST_CASE("a broadcast value is read by all tasks and in the driver", "[rdd]") {
  onEachMaster([](Context& sc) {
    auto limits = sc.broadcast(Limits{"limits", {{"a", 1}, {"b", 20}}});
    CHECK(limits->name == "limits");
    CHECK((*limits).most.at("b") == 20);
    CHECK(limits.value().most.size() == 2);
    auto rdd = sc.parallelize(std::vector<std::string>{"a", "b", "c"}, 3);
    auto known = rdd.filter([limits](const std::string& key) { return limits->most.count(key) > 0; });
    CHECK(known.map([limits](const std::string& key) { return limits->most.at(key); }).collect() == Ints{1, 20});
    CHECK(sc.parallelize({1}, 1).map([limits](int) { return limits->name; }).first() == "limits");
  });
}

TEST_CASE("a large broadcast value arrives whole, after unpersist again", "[rdd]") {
  onEachMaster([](Context& sc) {
    std::vector<int64_t> table(3'000'000);
    for (size_t i = 0; i < table.size(); ++i) table[i] = static_cast<int64_t>(i * i);
    auto squares = sc.broadcast(std::move(table));
    auto right = sc.range(0, 3'000'000, 1'000, 6).filter([squares](int64_t x) {
      return (*squares)[static_cast<size_t>(x)] == x * x;
    });
    CHECK(right.count() == 3000);
    CHECK(right.count() == 3000);
    squares.unpersist();
    CHECK(right.count() == 3000);
  });
}

TEST_CASE("a destroyed broadcast cannot be used", "[rdd]") {
  onEachMaster([](Context& sc) {
    auto gone = sc.broadcast(std::string("value"));
    auto rdd = sc.parallelize({1, 2}, 2).map([gone](int) { return gone->size(); });
    CHECK(rdd.collect() == std::vector<size_t>{5, 5});
    gone.destroy();
    CHECK_THROWS_AS(gone.value(), Error);
    CHECK_THROWS_AS(rdd.collect(), JobFailed);
    CHECK_THROWS_WITH(rdd.collect(), Contains("broadcast") && Contains("destroy"));
  });
}

TEST_CASE("broadcasts of many kinds", "[rdd]") {
  onEachMaster([](Context& sc) {
    auto number = sc.broadcast(7);
    auto text = sc.broadcast(std::string());
    auto nested = sc.broadcast(std::map<std::string, std::vector<std::optional<double>>>{{"k", {1.5, std::nullopt}}});
    auto sums = sc.parallelize({1, 2, 3}, 3).map([number, text, nested](int x) {
      return x * *number + static_cast<int>(text->size() + nested->at("k").size());
    });
    CHECK(sums.collect() == Ints{9, 16, 23});
  });
}

TEST_CASE("accumulators count exactly, whatever the number of tasks", "[rdd]") {
  onEachMaster([](Context& sc) {
    auto count = sc.longAccumulator("count");
    auto sum = sc.doubleAccumulator("sum");
    auto seen = sc.collectionAccumulator<std::string>("seen");
    auto largest = sc.accumulator(0, Larger(), "largest");
    sc.parallelize(numbers(1, 1001), 50).foreach ([=](int x) {
      count += 1;
      sum += x / 2.0;
      if (x % 400 == 0) seen += std::to_string(x);
      largest += x;
    });
    CHECK(count.value() == 1000);
    CHECK(sum.value() == Approx(250'250));
    CHECK(sorted(seen.value()) == std::vector<std::string>{"400", "800"});
    CHECK(largest.value() == 1000);
    count += 5;
    CHECK(count.value() == 1005);
    count.reset();
    CHECK(count.value() == 0);
    count.add(2);
    CHECK(count.value() == 2);
  });
}

TEST_CASE("an accumulator in a shuffle's map side counts each partition once", "[rdd]") {
  onEachMaster([](Context& sc) {
    auto calls = sc.longAccumulator("calls");
    auto sums = sc.parallelize(numbers(0, 300), 6)
                    .map([calls](int x) {
                      calls += 1;
                      return std::pair(x % 3, x);
                    })
                    .reduceByKey(std::plus<>(), 4);
    CHECK(sums.count() == 3);
    CHECK(calls.value() == 300);
    // The shuffle's files exist already.
    CHECK(sums.count() == 3);
    CHECK(calls.value() == 300);
  });
}

TEST_CASE("updates of failed attempts do not count", "[rdd]") {
  Context sc(testing::testConf(testing::kProcesses));
  auto calls = sc.longAccumulator("calls");
  auto rdd = sc.parallelize(numbers(0, 40), 4).map([calls](int x) {
    calls += 1;
    if (x % 10 == 9 && TaskContext::get()->attemptNumber() < 2) throw std::runtime_error("not yet");
    return x;
  });
  CHECK(rdd.count() == 40);
  CHECK(calls.value() == 40);
}

TEST_CASE("handles are trivially copyable, so that any lambda may capture them", "[rdd]") {
  STATIC_REQUIRE(std::is_trivially_copyable_v<Broadcast<std::string>>);
  STATIC_REQUIRE(std::is_trivially_copyable_v<Accumulator<int64_t>>);
  STATIC_REQUIRE(std::is_trivially_copyable_v<CollectionAccumulator<std::string>>);
}

TEST_CASE("an added file is found by its name in tasks", "[rdd]") {
  testing::TempFolder folder;
  folder.write("words.txt", "to be or not");
  folder.write("other/words.txt", "that is the question");
  onEachMaster([&folder](Context& sc) {
    sc.addFile(folder / "words.txt");
    auto sizes = sc.parallelize(numbers(0, 4), 4).map([](int) {
      std::ifstream in(File::get("words.txt"));
      return std::string(std::istreambuf_iterator<char>(in), {});
    });
    CHECK(sizes.distinct().collect() == std::vector<std::string>{"to be or not"});
    CHECK(testing::contentsOf(File::get("words.txt")) == "to be or not");
    CHECK_THROWS_AS(File::get("never added"), InvalidArgument);
    CHECK_THROWS_AS(sc.addFile(folder / "missing"), Error);
    CHECK_THROWS_WITH(sc.addFile(folder / "other/words.txt"),
                      Catch::Contains(folder / "words.txt") && Catch::Contains(folder / "other/words.txt"));
    sc.addFile(folder / "words.txt");  // the same file a second time
  });
}

}  // namespace cerium
