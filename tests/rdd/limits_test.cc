// Cerium. Licensed under the Apache License 2.0.
// Settings that bound what a job may take, and the waits of barrier stages.
#include <catch2/catch.hpp>

#include "tests/support/each_master.h"
#include "tests/support/says.h"

namespace cerium {

using Catch::Contains;
using testing::onEachMaster;
using testing::testConf;

TEST_CASE("a job whose results exceed the driver's limit fails and names the setting", "[rdd]") {
  Context sc(testConf(testing::kProcesses).set("cerium.driver.maxResultSize", "1m"));
  CHECK(sc.range(0, 1000, 1, 4).collect().size() == 1000);
  CHECK_THROWS_WITH(sc.range(0, 1'000'000, 1, 8).collect(), Contains("cerium.driver.maxResultSize"));
  CHECK(sc.range(0, 1'000'000, 1, 8).count() == 1'000'000);
}

TEST_CASE("the limit on results holds for the only one, and the last one, on every master", "[rdd]") {
  for (const char* master : {"local[2]", testing::kProcesses}) {
    INFO("master " << master);
    Context sc(testConf(master).set("cerium.driver.maxResultSize", "3m"));
    const auto records = [&](int n, int partitions, size_t bytes) {
      return sc.range(0, n, 1, partitions).map([bytes](int64_t) { return std::string(bytes, 'x'); });
    };
    constexpr size_t kMiB = size_t{1} << 20;
    const testing::Says refused("cerium.driver.maxResultSize", "collect at limits_test.cc:");
    CHECK_THROWS_WITH(records(5, 1, kMiB).collect(), refused);         // large: it waits at its executor
    CHECK_THROWS_WITH(records(4, 4, kMiB - 1000).collect(), refused);  // small enough for a message
    CHECK_THROWS_WITH(records(2, 2, 2 * kMiB).collect(), refused);
    CHECK_THROWS_WITH(records(2, 1, 2 * kMiB).reduce([](const auto& a, const auto& b) { return a + b; }),
                      Contains("cerium.driver.maxResultSize"));
    CHECK_THROWS_AS(records(5, 1, kMiB).collectAsync().get(), JobFailed);
    CHECK(records(2, 1, kMiB).collect().size() == 2);
    CHECK(records(4, 4, kMiB / 2).collect().size() == 4);
  }
}

TEST_CASE("0 is no limit on results", "[rdd]") {
  for (const char* master : {"local[2]", testing::kProcesses}) {
    Context sc(testConf(master).set("cerium.driver.maxResultSize", "0"));
    CHECK(sc.range(0, 8, 1, 1).map([](int64_t) { return std::string(size_t{1} << 20, 'x'); }).collect().size() == 8);
  }
}

namespace {
/// A type whose size only its own serialize knows.
struct Texts {
  std::vector<std::string> all;
  template <class Archive>
  void serialize(Archive& archive) {
    archive(all);
  }
};
}  // namespace

TEST_CASE("the limit on results measures types of the program's as they travel", "[rdd]") {
  for (const char* master : {"local[2]", testing::kProcesses}) {
    Context sc(testConf(master).set("cerium.driver.maxResultSize", "1m"));
    auto texts = sc.range(0, 2, 1, 2).map([](int64_t) { return Texts{{1000, std::string(1000, 'x')}}; });
    CHECK_THROWS_WITH(texts.collect(), Contains("cerium.driver.maxResultSize"));
  }
}

TEST_CASE("take computes as many partitions as its settings say", "[rdd]") {
  Context sc(testConf("local[2]")
                 .set("cerium.rdd.limit.initialNumPartitions", "3")
                 .set("cerium.rdd.limit.scaleUpFactor", "2"));
  auto computed = sc.longAccumulator("partitions");
  auto empty = sc.range(0, 20, 1, 20).mapPartitions([computed](auto&) {
    computed.add(1);
    return std::vector<int>();
  });
  CHECK(empty.take(1).empty());
  CHECK(computed.value() == 20);
  auto one_each = sc.range(0, 20, 1, 20).map([computed](int64_t x) {
    computed.add(1);
    return x;
  });
  CHECK(one_each.take(4).size() == 4);
  CHECK(computed.value() == 20 + 3 + 6);  // one a partition: three partitions, then six
}

TEST_CASE("the tasks of a barrier stage wait for each other and hear of all", "[rdd]") {
  onEachMaster([](Context& sc) {
    const int n = sc.defaultParallelism();
    auto heard = sc.range(0, n, 1, n).barrier().mapPartitions([](auto records) {
      auto barrier = BarrierTaskContext::get();
      barrier.barrier();
      std::vector<std::string> all;
      for (int64_t x : records) all = barrier.allGather("task " + std::to_string(x));
      return all;
    });
    const auto messages = heard.collect();
    REQUIRE(messages.size() == static_cast<size_t>(n * n));
    for (int i = 0; i < n * n; ++i) CHECK(messages[static_cast<size_t>(i)] == "task " + std::to_string(i % n));
  });
}

TEST_CASE("a barrier that not all tasks reach ends with an error", "[rdd]") {
  for (const char* master : {"local[2]", testing::kProcesses}) {
    Context sc(testConf(master).set("cerium.barrier.timeout", "1s").set("cerium.task.maxFailures", "1"));
    auto stuck = sc.range(0, 2, 1, 2).barrier().mapPartitionsWithIndex([](int p, auto) {
      if (p == 0) BarrierTaskContext::get().barrier();
      return std::vector<int>{p};
    });
    CHECK_THROWS_WITH(stuck.collect(), Contains("cerium.barrier.timeout"));
  }
  CHECK_THROWS_AS(BarrierTaskContext::get(), InvalidArgument);
}

}  // namespace cerium
