// Cerium. Licensed under the Apache License 2.0.
// Failures as a program sees them: the contents of JobFailed, errors before anything runs, and a Context that works
// after a failed job.
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <stdexcept>
#include <thread>

#include "tests/support/each_master.h"

namespace cerium {

using Catch::Contains;
using testing::kOneThread;
using testing::kProcesses;
using testing::numbers;
using testing::onEachMaster;
using testing::testConf;
using Ints = std::vector<int>;

namespace {

class BadRecord : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// The failure of `action`, which must fail.
template <class Action>
JobFailed failureOf(Action action) {
  try {
    action();
  } catch (const JobFailed& failure) {
    return failure;
  }
  throw std::logic_error("the job did not fail");
}

}  // namespace

TEST_CASE("a function that throws: text, type, place, partition and attempts", "[rdd]") {
  onEachMaster([](Context& sc) {
    const bool processes = sc.master() == kProcesses;
    const uint32_t line = __LINE__ + 1;
    auto rdd = sc.parallelize(numbers(0, 12), 4).map([](int x) {
      if (x == 10) throw BadRecord("ten is no number");
      return x;
    });
    const JobFailed failure = failureOf([&] { (void)rdd.filter([](int) { return true; }).count(); });
    CHECK(failure.message() == "ten is no number");
    CHECK_THAT(failure.exceptionType(), Contains("BadRecord"));
    CHECK(failure.callSite() == "map at failures_test.cc:" + std::to_string(line));
    CHECK(failure.partition() == 3);
    CHECK(failure.attempts() == (processes ? 4 : 1));
    CHECK(failure.jobId() >= 0);
    CHECK(failure.stageId() >= 0);
    CHECK_FALSE(failure.host().empty());
    CHECK_FALSE(failure.cancelled());
    CHECK(failure.signal() == 0);
    CHECK_THAT(failure.what(), Contains("ten is no number") && Contains("map at failures_test.cc:") &&
                                   Contains("count at failures_test.cc:"));
    CHECK(rdd.take(2) == Ints{0, 1});
  });
}

TEST_CASE("the operation at fault is named wherever its function runs", "[rdd]") {
  onEachMaster([](Context& sc) {
    auto rdd = sc.parallelize(numbers(0, 4), 2);
    auto pairs = rdd.map([](int x) { return std::pair(x % 2, x); });
    auto fail = [](auto&&...) -> int { throw BadRecord("no"); };
    CHECK_THAT(failureOf([&] { (void)rdd.filter(fail).count(); }).callSite(), Contains("filter at failures_test.cc:"));
    CHECK_THAT(failureOf([&] { rdd.foreach (fail); }).callSite(), Contains("foreach at failures_test.cc:"));
    CHECK_THAT(failureOf([&] { (void)rdd.reduce(fail); }).callSite(), Contains("reduce at failures_test.cc:"));
    CHECK_THAT(failureOf([&] { (void)pairs.reduceByKey(fail, 2).count(); }).callSite(),
               Contains("reduceByKey at failures_test.cc:"));
    CHECK_THAT(failureOf([&] { (void)pairs.mapValues(fail).groupByKey(2).count(); }).callSite(),
               Contains("mapValues at failures_test.cc:"));
    CHECK_THAT(failureOf([&] { (void)rdd.sortBy(fail).count(); }).callSite(),
               Contains("keyBy at failures_test.cc:") || Contains("sortBy at failures_test.cc:"));
    CHECK_THAT(
        failureOf([&] { (void)rdd.mapPartitions([](auto) -> Ints { throw BadRecord("no"); }).count(); }).callSite(),
        Contains("mapPartitions at failures_test.cc:"));
    CHECK_THAT(failureOf([&] { (void)rdd.aggregate(0, fail, std::plus<>()); }).callSite(),
               Contains("aggregate at failures_test.cc:"));
    CHECK_THAT(failureOf([&] {
                 (void)rdd.map([](int x) { return std::vector<int>().at(static_cast<size_t>(x)); }).count();
               }).exceptionType(),
               Contains("std::out_of_range"));
  });
}

TEST_CASE("a thrown object that is not an exception fails the task too", "[rdd]") {
  onEachMaster([](Context& sc) {
    const JobFailed failure = failureOf([&] {
      sc.parallelize({1}, 1).foreach ([](int x) {
        if (x == 1) throw 42;
      });
    });
    CHECK_THAT(failure.callSite(), Contains("foreach at failures_test.cc:"));
    CHECK(sc.parallelize({1}, 1).count() == 1);
  });
}

TEST_CASE("a task that fails at first is tried again", "[rdd]") {
  auto flaky = [](int x) {
    if (TaskContext::get()->attemptNumber() < 3) throw BadRecord("not yet");
    return x;
  };
  Context sc(testConf(kProcesses));
  CHECK(sc.parallelize(numbers(0, 6), 2).map(flaky).collect() == numbers(0, 6));
  sc.stop();
  Context local(testConf("local[2,4]"));
  CHECK(local.parallelize(numbers(0, 6), 2).map(flaky).collect() == numbers(0, 6));
  local.stop();
  Context twice(testConf(kProcesses).set("cerium.task.maxFailures", "2"));
  CHECK(failureOf([&] { (void)twice.parallelize({1}, 1).map(flaky).count(); }).attempts() == 2);
}

TEST_CASE("a crash names the signal and the operation, and the program goes on", "[rdd]") {
  Context sc(testConf("local-cluster[2,1,512m]").set("cerium.task.maxFailures", "1"));
  const JobFailed failure = failureOf([&] {
    sc.parallelize(numbers(0, 2), 2).foreach ([](int x) {
      if (x == 1) std::abort();
    });
  });
  CHECK(failure.signal() == SIGABRT);
  CHECK_THAT(failure.what(), Contains("foreach at failures_test.cc:") && Contains("signal 6"));
  CHECK_FALSE(failure.stack().empty());
  CHECK(sc.parallelize(numbers(0, 10), 4).count() == 10);
}

TEST_CASE("a lambda that captures a reference is refused by name and place when the job is built", "[rdd]") {
  onEachMaster([](Context& sc) {
    int64_t total = 0;
    auto rdd = sc.parallelize(numbers(0, 4), 2);
    CHECK_THROWS_AS(rdd.foreach ([&](int x) { total += x; }), InvalidArgument);
    CHECK_THROWS_WITH(rdd.foreach ([&](int x) { total += x; }),
                      Contains("foreach at failures_test.cc:") && Contains("captures a pointer or a reference"));
    auto mapped = rdd.map([&total](int x) { return x + static_cast<int>(total); });
    CHECK_THROWS_WITH(mapped.count(), Contains("map at failures_test.cc:"));
    const int* pointer = new int(3);
    CHECK_THROWS_WITH(rdd.filter([pointer](int x) { return x == *pointer; }).count(),
                      Contains("filter at failures_test.cc:"));
    delete pointer;
    auto pairs = rdd.map([](int x) { return std::pair(x, x); });
    CHECK_THROWS_WITH(pairs.reduceByKey([&](int a, int b) { return a + b + static_cast<int>(total); }).count(),
                      Contains("reduceByKey at failures_test.cc:"));
    CHECK(total == 0);
    const int by = 10;
    CHECK(rdd.map([by](int x) { return x * by; }).collect() == Ints{0, 10, 20, 30});
  });
}

TEST_CASE("the check of captures can be turned off", "[rdd]") {
  Context sc(testConf(kOneThread).set("cerium.closure.checkCaptures", "false"));
  int64_t total = 0;
  sc.parallelize(numbers(0, 5), 1).foreach ([&](int x) { total += x; });
  CHECK(total == 10);
}

TEST_CASE("a job that fails while another of its stages begins leaves every core free", "[rdd]") {
  onEachMaster([](Context& sc) {
    auto pairs = sc.parallelize(numbers(0, 8), 4).map([](int x) { return std::pair(x, x); });
    auto broken = pairs.mapValues([](int) -> int { throw BadRecord("no"); });
    // two map stages at a time; the first one fails while the other's tasks are about to start
    for (int i = 0; i < 5; ++i) {
      CHECK_THROWS_AS(broken.join(broken, 2).count(), JobFailed);
      CHECK_THROWS_AS(broken.cogroup(broken, 2).count(), JobFailed);
    }
    CHECK(pairs.join(pairs, 2).count() == 8);
  });
}

TEST_CASE("an unknown master or setting is refused with the way out", "[rdd]") {
  CHECK_THROWS_AS(Context(testConf("yarn")), InvalidArgument);
  CHECK_THROWS_WITH(Context(testConf("yarn")), Contains("yarn") && Contains("local"));
  CHECK_THROWS_AS(Context(testConf("local[0]")), InvalidArgument);
  CHECK_THROWS_WITH(Conf().set("cerium.executor.memroy", "1g"), Contains("cerium.executor.memory"));
}

TEST_CASE("a stopped Context refuses actions, and another one can follow", "[rdd]") {
  onEachMaster([](Context& sc) {
    auto rdd = sc.parallelize(numbers(0, 4), 2);
    CHECK(rdd.count() == 4);
    CHECK_FALSE(sc.isStopped());
    sc.stop();
    sc.stop();
    CHECK(sc.isStopped());
    CHECK_THROWS_AS(rdd.count(), Error);
    CHECK_THROWS_WITH(rdd.collect(), Contains("stop"));
    Context next(testConf(sc.master()));
    CHECK(next.applicationId() != sc.applicationId());
    CHECK(next.parallelize(numbers(0, 7), 3).map([](int x) { return std::pair(x % 2, x); }).countByKey().at(0) == 4);
  });
}

TEST_CASE("stop fails the jobs that run", "[rdd]") {
  onEachMaster([](Context& sc) {
    auto endless = sc.parallelize({1}, 1).map([](int x) {
      while (!TaskContext::get()->isInterrupted()) std::this_thread::sleep_for(std::chrono::milliseconds(1));
      return x;
    });
    auto job = endless.countAsync();
    sc.stop();
    CHECK_THROWS_AS(job.get(), Error);
  });
}

TEST_CASE("a Context answers questions about itself", "[rdd]") {
  onEachMaster([](Context& sc) {
    CHECK(sc.appName() == "test");
    CHECK_FALSE(sc.applicationId().empty());
    CHECK_FALSE(Context::version().empty());
    CHECK(sc.defaultParallelism() == (sc.master() == kOneThread ? 1 : sc.master() == kProcesses ? 2 : 3));
    CHECK(sc.getConf().get("cerium.app.name") == "test");
    CHECK(sc.parallelize({1}, 1).count() == 1);
    CHECK_FALSE(sc.statusTracker().getExecutorInfos().empty());
  });
}

}  // namespace cerium
