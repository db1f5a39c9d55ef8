// Cerium. Licensed under the Apache License 2.0.
// Executors that die at the worst moments: the answer is right, data that was not lost is not computed again, and
// additions of actions to accumulators count once.
#include <catch2/catch.hpp>
#include <numeric>

#include "tests/support/processes.h"

namespace cerium {
namespace {

using namespace testing;

const char* const kCluster = "local-cluster[2,1,512m]";

using Pairs = std::vector<std::pair<int64_t, int64_t>>;

/// True on the first try of the running task.
bool firstTry() { return TaskContext::get()->attemptNumber() == 0; }

/// Counts by key of 0, 1, ... 9999, where the key is the remainder of `keys`.
Pairs expectedCounts(int64_t keys) {
  Pairs all;
  for (int64_t key = 0; key < keys; ++key) all.emplace_back(key, 10'000 / keys);
  return all;
}

Pairs sortedPairs(Pairs pairs) {
  std::sort(pairs.begin(), pairs.end());
  return pairs;
}

}  // namespace

TEST_CASE("an executor that dies while it computes costs its own tasks only", "[cluster][fault]") {
  TempFolder folder;
  Context sc(clusterConf(kCluster, folder));
  auto recorder = std::make_shared<Recorder>();
  sc.addListener(recorder);
  const auto sum = sc.range(0, 16, 1, 16)
                       .map([](int64_t x) {
                         if (x == 9 && firstTry()) ::kill(::getpid(), SIGKILL);
                         return x;
                       })
                       .sum();
  CHECK(sum == 120);
  REQUIRE(eventually([&] { return recorder->succeeded() >= 16; }));
  CHECK(recorder->succeeded() == 16);
  REQUIRE(recorder->removed().size() == 1);
  CHECK_THAT(recorder->removed()[0].reason, Catch::Contains("signal 9"));
  CHECK(sc.range(0, 100, 1, 4).count() == 100);
}

TEST_CASE("executors that die twice in a row cost no more than time", "[cluster][fault]") {
  TempFolder folder;
  Context sc(clusterConf(kCluster, folder));
  const auto sum = sc.range(0, 8, 1, 8)
                       .map([](int64_t x) {
                         if (x == 3 && TaskContext::get()->attemptNumber() < 2) ::kill(::getpid(), SIGKILL);
                         return x;
                       })
                       .sum();
  CHECK(sum == 28);
}

TEST_CASE("shuffle output that died with its executor is computed again, and only that", "[cluster][fault]") {
  TempFolder folder;
  Context sc(clusterConf(kCluster, folder));
  auto recorder = std::make_shared<Recorder>();
  sc.addListener(recorder);
  REQUIRE(eventually([&] { return sc.statusTracker().getExecutorInfos().size() == 2; }));
  auto counts = sc.range(0, 10'000, 1, 8)
                    .map([](int64_t x) {
                      if (x % 1250 == 0) ::usleep(20'000);  // slow enough that both executors get some
                      return std::pair<int64_t, int64_t>(x % 100, 1);
                    })
                    .reduceByKey(std::plus<>(), 4);
  REQUIRE(counts.count() == 100);
  REQUIRE(eventually([&] { return recorder->succeeded() == 12; }));
  const auto pids = executorPids();
  REQUIRE(pids.size() == 2);
  ::kill(pids[0], SIGKILL);
  CHECK(sortedPairs(counts.collect()) == expectedCounts(100));
  REQUIRE(eventually([&] { return recorder->succeeded() >= 17; }));
  const int again = recorder->succeeded() - 12 - 4;
  CHECK(again >= 1);
  CHECK(again <= 7);  // the other executor held at least one output
}

TEST_CASE("an executor that dies while others read its shuffle output is worked around", "[cluster][fault]") {
  TempFolder folder;
  Context sc(clusterConf(kCluster, folder));
  auto recorder = std::make_shared<Recorder>();
  std::atomic<int> ended{0};
  recorder->on_task_end = [&ended](const TaskInfo&) {
    if (++ended == 9) ::kill(executorPids().at(0), SIGKILL);  // after eight map tasks and the first reduce task
  };
  sc.addListener(recorder);
  auto counts = sc.range(0, 10'000, 1, 8)
                    .map([](int64_t x) { return std::pair<int64_t, int64_t>(x % 100, 1); })
                    .reduceByKey(std::plus<>(), 8)
                    .map([](const std::pair<int64_t, int64_t>& pair) {
                      ::usleep(2000);
                      return pair;
                    });
  CHECK(sortedPairs(counts.collect()) == expectedCounts(100));
  REQUIRE(eventually([&] { return recorder->removed().size() == 1; }));
  sc.stop();
}

TEST_CASE("every executor dies between two jobs on one shuffle", "[cluster][fault]") {
  TempFolder folder;
  Context sc(clusterConf(kCluster, folder));
  auto counts = sc.range(0, 10'000, 1, 4)
                    .map([](int64_t x) { return std::pair<int64_t, int64_t>(x % 50, 1); })
                    .reduceByKey(std::plus<>(), 4);
  for (int round = 0; round < 3; ++round) {
    REQUIRE(sortedPairs(counts.collect()) == expectedCounts(50));
    for (pid_t pid : executorPids()) ::kill(pid, SIGKILL);
  }
  CHECK(sortedPairs(counts.collect()) == expectedCounts(50));
}

TEST_CASE("cached partitions that died with their executor are computed again, and only those", "[cluster][fault]") {
  TempFolder folder;
  Context sc(clusterConf(kCluster, folder));
  auto calls = sc.longAccumulator("calls");
  auto squares = sc.range(0, 80, 1, 8).map([calls](int64_t x) {
    calls += 1;
    if (x % 10 == 0) ::usleep(20'000);
    return x * x;
  });
  squares.cache();
  const auto first = squares.sum();
  REQUIRE(calls.value() == 80);
  REQUIRE(squares.sum() == first);
  REQUIRE(calls.value() == 80);
  ::kill(executorPids().at(0), SIGKILL);
  CHECK(squares.sum() == first);
  CHECK(calls.value() > 80);
  CHECK(calls.value() < 160);
  CHECK(calls.value() % 10 == 0);
}

TEST_CASE("additions of actions count once, whatever executors die and tasks are tried again", "[cluster][fault]") {
  TempFolder folder;
  Context sc(clusterConf(kCluster, folder));
  auto total = sc.longAccumulator("total");
  sc.range(0, 1000, 1, 10).foreach ([total](int64_t x) {
    total += x;
    if (x % 300 == 299 && firstTry()) ::kill(::getpid(), SIGKILL);
    if (x == 555 && TaskContext::get()->attemptNumber() < 2) throw std::runtime_error("try again");
  });
  CHECK(total.value() == 499'500);
}

TEST_CASE("an executor that dies right after its results were sent changes nothing", "[cluster][fault]") {
  TempFolder folder;
  Context sc(clusterConf(kCluster, folder));
  auto total = sc.longAccumulator("total");
  auto recorder = std::make_shared<Recorder>();
  std::atomic<int> ended{0};
  recorder->on_task_end = [&ended](const TaskInfo&) {
    if (++ended == 1) ::kill(executorPids().at(0), SIGKILL);
  };
  sc.addListener(recorder);
  const auto values = sc.range(0, 1'000'000, 1, 8)
                          .map([total](int64_t x) {
                            if (x % 125'000 == 0) ::usleep(10'000);
                            total += 1;
                            return x;
                          })
                          .collect();  // large results wait at the executor until they are fetched
  REQUIRE(values.size() == 1'000'000);
  std::vector<int64_t> expected(values.size());
  std::iota(expected.begin(), expected.end(), 0);
  CHECK(values == expected);
  CHECK(total.value() == 1'000'000);
  sc.stop();
}

TEST_CASE("an executor that stands still longer than the limit counts as dead", "[cluster][fault]") {
  TempFolder folder;
  Context sc(clusterConf(kCluster, folder)
                 .set("cerium.network.timeout", "1s")
                 .set("cerium.executor.heartbeatInterval", "100ms")
                 // a copy elsewhere could end the job, and wake the executor, too early
                 .set("cerium.speculation", "false"));
  auto recorder = std::make_shared<Recorder>();
  sc.addListener(recorder);
  REQUIRE(sc.range(0, 4, 1, 4).count() == 4);
  REQUIRE(eventually([&] { return sc.statusTracker().getExecutorInfos().size() == 2; }));  // both have registered
  const pid_t stopped = executorPids().at(0);
  ::kill(stopped, SIGSTOP);
  const auto sum = sc.range(0, 8, 1, 8)
                       .map([](int64_t x) {
                         ::usleep(50'000);
                         return x;
                       })
                       .sum();
  ::kill(stopped, SIGCONT);
  CHECK(sum == 28);
  REQUIRE(eventually([&] { return !recorder->removed().empty(); }));  // a busy machine may cost the other one, too
  CHECK_THAT(recorder->removed()[0].reason, Catch::Contains("heartbeat"));
  CHECK(eventually([stopped] { return ::kill(stopped, 0) != 0; }));
  CHECK(sc.range(0, 100, 1, 4).count() == 100);
}

}  // namespace cerium
