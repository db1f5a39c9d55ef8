// Cerium. Licensed under the Apache License 2.0.
// Several Contexts at a time in one program, and handles that are used with another Context, or after their Context's
// end.
#include <string>
#include <thread>
#include <vector>

#include "tests/support/each_master.h"
#include "tests/support/says.h"
#include "tests/support/temp_folder.h"

namespace cerium {

using testing::kProcesses;
using testing::numbers;
using testing::Says;
using testing::testConf;

namespace {

constexpr const char* kMasters[] = {"local[2]", kProcesses};

int64_t work(Context& sc) {
  auto offset = sc.broadcast(int64_t{100});
  auto seen = sc.longAccumulator("seen");
  auto pairs = sc.range(0, 1000, 1, 4).map([offset, seen](int64_t x) {
    seen.add(1);
    return std::pair(x % 10, x + *offset);
  });
  const auto sums = pairs.cache().reduceByKey(std::plus<>(), 3).collectAsMap();
  return sums.at(3) + seen.value();
}

}  // namespace

TEST_CASE("two Contexts of a program work in full at the same time", "[rdd]") {
  for (const char* first : kMasters) {
    for (const char* second : kMasters) {
      INFO("masters " << first << " and " << second);
      Context a(testConf(first));
      Context b(testConf(second));
      const int64_t right = 99 * 100 / 2 * 10 + 300 + 100 * 100 + 1000;
      CHECK(work(a) == right);
      CHECK(work(b) == right);
      int64_t in_thread = 0;
      std::thread other([&] { in_thread = work(a); });
      CHECK(work(b) == right);
      other.join();
      CHECK(in_thread == right);
      a.stop();
      CHECK(work(b) == right);
    }
  }
}

TEST_CASE("an RDD of another Context is refused at the call, by name", "[rdd]") {
  for (const char* master : kMasters) {
    Context a(testConf(master));
    Context b(testConf(master));
    auto mine = a.parallelize(numbers(0, 4), 2);
    auto other = b.parallelize(numbers(0, 4), 2);
    auto my_pairs = mine.map([](int x) { return std::pair(x, x); });
    auto other_pairs = other.map([](int x) { return std::pair(x, x); });
    const auto told = [](const char* operation) {
      return Says(std::string(operation) + " at several_contexts_test.cc:", "another Context",
                  " at several_contexts_test.cc:");
    };
    CHECK_THROWS_AS(mine.union_(other), InvalidArgument);
    CHECK_THROWS_WITH(mine.union_(other), told("union"));
    CHECK_THROWS_WITH(a.union_(mine, other), Says("union at", "another Context"));
    CHECK_THROWS_WITH(a.union_({other, other}), told("union"));
    CHECK_THROWS_WITH(mine.zip(other), told("zip"));
    CHECK_THROWS_WITH(mine.zipPartitions(other, [](auto&, auto&) { return std::vector<int>(); }),
                      told("zipPartitions"));
    CHECK_THROWS_WITH(mine.cartesian(other), told("cartesian"));
    CHECK_THROWS_WITH(my_pairs.join(other_pairs), told("join"));
    CHECK_THROWS_WITH(my_pairs.leftOuterJoin(other_pairs), told("leftOuterJoin"));
    CHECK_THROWS_WITH(my_pairs.cogroup(other_pairs), told("cogroup"));
    CHECK_THROWS_WITH(my_pairs.subtractByKey(other_pairs), told("subtractByKey"));
    CHECK_THROWS_WITH(mine.intersection(other), Says("another Context"));
    CHECK_THROWS_WITH(mine.subtract(other), Says("another Context"));
    CHECK_THROWS_WITH(a.runJob(other, [](auto&) { return 1; }), told("runJob"));
    CHECK_THROWS_WITH(a.runJob(other, [](auto&) { return 1; }, {0}), told("runJob"));
    CHECK(mine.union_(mine).count() == 8);
    CHECK(other.count() == 4);
  }
}

TEST_CASE("a broadcast or an accumulator of another Context is refused in the task that uses it", "[rdd]") {
  for (const char* master : kMasters) {
    INFO("master " << master);
    Context a(testConf(master));
    Context b(testConf(master));
    auto value = a.broadcast(std::string("a's"));
    auto sum = a.longAccumulator("sum");
    auto numbers_of_b = b.parallelize(numbers(0, 4), 2);
    CHECK_THROWS_WITH(numbers_of_b.foreach ([value](int) { (void)value->size(); }),
                      Says("broadcast " + std::to_string(value.id()), "another Context"));
    CHECK_THROWS_WITH(numbers_of_b.foreach ([sum](int) { sum.add(1); }),
                      Says("accumulator " + std::to_string(sum.id()), "another Context"));
    a.parallelize(numbers(0, 4), 2).foreach ([value, sum](int) { sum.add(static_cast<int64_t>(value->size())); });
    CHECK(sum.value() == 12);
  }
}

TEST_CASE("files are added to one Context", "[rdd]") {
  testing::TempFolder folder;
  const std::string of_a = folder.write("a/file", "a");
  const std::string of_b = folder.write("b/file", "b");
  for (const char* master : kMasters) {
    INFO("master " << master);
    Context a(testConf(master));
    Context b(testConf(master));
    const auto read = [](Context& sc) {
      return sc.parallelize({1}, 1).map([](int) { return testing::contentsOf(File::get("file")); }).first();
    };
    a.addFile(of_a);
    CHECK(read(a) == "a");
    CHECK_THROWS_WITH(read(b), Says("no file file was added to the Context of this task"));
    b.addFile(of_b);
    CHECK(read(a) == "a");
    CHECK(read(b) == "b");
    CHECK_THROWS_WITH(File::get("file"), Says("different Contexts"));
    b.stop();
    CHECK(read(a) == "a");
    CHECK(testing::contentsOf(File::get("file")) == "a");
    a.stop();
    CHECK_THROWS_WITH(File::get("file"), Says("no file file"));
    CHECK_THROWS_WITH(a.addFile(of_a), Says("addFile", "was stopped"));
  }
}

TEST_CASE("handles of a stopped Context say so", "[rdd]") {
  for (const char* master : kMasters) {
    INFO("master " << master);
    Context sc(testConf(master));
    auto rdd = sc.parallelize(numbers(0, 4), 2);
    auto value = sc.broadcast(std::string("text"));
    auto sum = sc.longAccumulator("sum");
    rdd.foreach ([sum](int x) { sum.add(x); });
    sc.stop();
    CHECK_THROWS_WITH(rdd.count(), Says("count at", "\"parallelize at several_contexts_test.cc:", "was stopped"));
    CHECK_THROWS_WITH(value.value(), Says("broadcast " + std::to_string(value.id()), "stopped"));
    CHECK(sum.value() == 6);
    CHECK_THROWS_WITH(sum.add(1), Says("(sum)", "was stopped"));
    CHECK_THROWS_WITH(sc.broadcast(1), Says("was stopped"));
    CHECK_THROWS_WITH(sc.longAccumulator(), Says("was stopped"));
  }
}

}  // namespace cerium
