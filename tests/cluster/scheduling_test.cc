// Cerium. Licensed under the Apache License 2.0.
// Jobs without enough resources: memory much smaller than the data, no disk, executors that cannot start.
#include <catch2/catch.hpp>
#include <cstdlib>

#include "tests/support/processes.h"

namespace cerium {
namespace {

using namespace testing;

const char* const kTiny = "local-cluster[2,1,16m]";
constexpr int64_t kMany = 4'000'000;

/// Makes an executor of this program end before it registers, if the test asks for it.
const bool g_refuses_to_start = [] {
  if (std::getenv("CERIUM_TEST_NO_START") != nullptr && std::getenv("CERIUM_EXECUTOR_OF") != nullptr) {
    std::fputs("this executor cannot start: no libraries\n", stderr);
    ::_exit(7);
  }
  return false;
}();

auto manyPairs(Context& sc) {
  return sc.range(0, kMany, 1, 8).map([](int64_t x) { return std::pair<int64_t, int64_t>((x * 7919) % kMany, x); });
}

}  // namespace

TEST_CASE("aggregations and sorts of more than memory holds give the right answer", "[cluster][memory]") {
  TempFolder folder;
  Context sc(clusterConf(kTiny, folder));
  auto pairs = manyPairs(sc);
  CHECK(pairs.reduceByKey(std::plus<>(), 8).count() == kMany);
  CHECK(pairs
            .map([](const std::pair<int64_t, int64_t>& p) {
              return std::pair<int64_t, int64_t>(p.first % 1000, p.second);
            })
            .groupByKey(8)
            .mapValues([](const auto& all) { return static_cast<int64_t>(all.size()); })
            .values()
            .sum() == kMany);
  const auto firsts = pairs.sortByKey().keys().take(5);
  CHECK(firsts == std::vector<int64_t>{0, 1, 2, 3, 4});
  CHECK(sc.statusTracker().totals().spilled_bytes > 0);
}

TEST_CASE("a cache that does not fit gives the right answer, with disk and without", "[cluster][memory]") {
  TempFolder folder;
  Context sc(clusterConf(kTiny, folder));
  const StorageLevel level = GENERATE(MEMORY_ONLY, MEMORY_AND_DISK, MEMORY_ONLY_SER, DISK_ONLY);
  INFO(toString(level));
  auto numbers = sc.range(0, 20'000'000, 1, 8).map([](int64_t x) { return x + 1; });
  numbers.persist(level);
  const double expected = 20'000'001.0 * 10'000'000.0;
  CHECK(static_cast<double>(numbers.sum()) == expected);
  CHECK(static_cast<double>(numbers.sum()) == expected);
}

TEST_CASE("a scratch folder that is missing is named when it is needed", "[cluster][memory]") {
  TempFolder folder;
  Context sc(clusterConf(kTiny, folder).set("cerium.local.dir", folder / "missing"));
  auto on_disk = manyPairs(sc);
  on_disk.persist(DISK_ONLY);
  CHECK_THROWS_WITH(on_disk.count(), Catch::Contains(folder / "missing"));
  CHECK(sc.range(0, 100, 1, 4).count() == 100);
}

TEST_CASE("executors that cannot start fail the job with their error output", "[cluster][fault]") {
  TempFolder folder;
  ::setenv("CERIUM_TEST_NO_START", "1", 1);
  std::string failure;
  try {
    Context sc(clusterConf("local-cluster[2,1,256m]", folder));
    sc.range(0, 10, 1, 2).count();
  } catch (const Error& e) {
    failure = e.what();
  }
  ::unsetenv("CERIUM_TEST_NO_START");
  CHECK_FALSE(g_refuses_to_start);
  CHECK_THAT(failure,
             Catch::Contains("10 executors") && Catch::Contains("status 7") && Catch::Contains("no libraries"));
}

}  // namespace cerium
