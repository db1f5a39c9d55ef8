// Cerium. Licensed under the Apache License 2.0.
// A driver that has run many tasks and jobs holds no more memory than one that has run few, and so do its executors.
// Blocks that are dropped while they are read do not change answers.
#include <catch2/catch.hpp>
#include <future>

#include "tests/support/processes.h"

namespace cerium {
namespace {

using namespace testing;

/// Resident bytes of this process and its executors.
std::vector<size_t> bytesNow() {
  std::vector<size_t> bytes{residentBytes(::getpid())};
  for (pid_t pid : executorPids()) bytes.push_back(residentBytes(pid));
  return bytes;
}

constexpr size_t kSlack = size_t{32} << 20;

/// Checks that no process holds much more than before.
void checkIsFlat(const std::vector<size_t>& before, const std::vector<size_t>& after) {
  REQUIRE(before.size() == after.size());
  for (size_t i = 0; i < before.size(); ++i) {
    INFO("process " << i << ": " << (before[i] >> 20) << " MB before, " << (after[i] >> 20) << " MB after");
    if (kMemoryTells) CHECK(after[i] <= before[i] + kSlack);
  }
}

}  // namespace

TEST_CASE("a hundred thousand tasks of one job, and a thousand jobs, take no memory to speak of", "[cluster][memory]") {
  TempFolder folder;
  Context sc(clusterConf("local-cluster[2,1,256m]", folder));
  const auto many = [&sc](int jobs) {
    for (int i = 0; i < jobs; ++i) {
      const auto sum = sc.range(0, 100, 1, 2)
                           .map([](int64_t x) { return std::pair<int64_t, int64_t>(x % 7, x); })
                           .reduceByKey(std::plus<>(), 2)
                           .values()
                           .sum();
      REQUIRE(sum == 4950);
    }
  };
  many(300);
  REQUIRE(sc.range(0, 20'000, 1, 20'000).count() == 20'000);
  const auto before = bytesNow();
  many(1'000);
  REQUIRE(sc.range(0, 120'000, 1, 120'000).count() == 120'000);
  checkIsFlat(before, bytesNow());
}

TEST_CASE("cached partitions that are dropped while a job reads them are computed again", "[cluster][fault]") {
  TempFolder folder;
  Context sc(clusterConf("local-cluster[2,2,256m]", folder));
  auto squares = sc.range(0, 40'000, 1, 8).map([](int64_t x) { return x * x; });
  const auto expected = squares.sum();
  for (int round = 0; round < 20; ++round) {
    squares.cache();
    REQUIRE(squares.count() == 40'000);
    auto rereads = squares.map([](int64_t x) {
      if (x % 1'000'000 == 0) ::usleep(1000);
      return x;
    });
    auto reading = std::async(std::launch::async, [&] { return rereads.sum(); });
    ::usleep(static_cast<useconds_t>(round) * 500);
    squares.unpersist();
    CHECK(reading.get() == expected);
  }
}

}  // namespace cerium
