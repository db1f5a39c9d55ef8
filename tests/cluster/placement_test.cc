// Cerium. Licensed under the Apache License 2.0.
// After the loss of an executor, tasks over cached partitions run on all executors again.
#include <array>
#include <catch2/catch.hpp>
#include <set>

#include "tests/support/processes.h"

namespace cerium {
namespace {

using namespace testing;

using Point = std::array<double, 4>;

constexpr int64_t kPoints = 200'000;

}  // namespace

TEST_CASE("the executor that replaces a lost one takes its share of the cached partitions, and keeps it",
          "[cluster][fault]") {
  TempFolder folder;
  Context sc(clusterConf("local-cluster[2,1,512m]", folder));
  auto computed = sc.longAccumulator("computed");
  const auto level = GENERATE(MEMORY_ONLY, MEMORY_ONLY_SER, MEMORY_AND_DISK);
  auto points = sc.range(0, kPoints, 1, 2)
                    .map([computed](int64_t i) mutable {
                      computed.add(1);
                      Point p;
                      p.fill(static_cast<double>(i));
                      return p;
                    })
                    .persist(level);
  const auto whoRuns = [&](pid_t victim) {
    return sc.runJob(points, [victim](auto& records) {
      double sum = 0;
      for (const Point& p : records) sum += p[0];
      if (::getpid() == victim) ::kill(victim, SIGKILL);
      return std::pair<int64_t, double>(::getpid(), sum);
    });
  };
  const auto processes = [](const auto& results) {
    std::set<int64_t> pids;
    for (const auto& [pid, sum] : results) pids.insert(pid);
    return pids;
  };
  const auto bothAreThere = [&] {
    return executorPids().size() == 2 && sc.statusTracker().getExecutorInfos().size() == 2;
  };
  REQUIRE(eventually(bothAreThere));
  const auto before = whoRuns(0);
  REQUIRE(processes(before).size() == 2);
  const auto with_loss = whoRuns(static_cast<pid_t>(before[0].first));
  REQUIRE(eventually(bothAreThere));
  for (int i = 0; i < 2; ++i) (void)whoRuns(0);
  const int64_t computed_so_far = computed.value();
  const auto third = whoRuns(0);
  CHECK(processes(third).size() == 2);
  for (int i = 0; i < 3; ++i) CHECK(whoRuns(0) == third);  // each partition where it was
  CHECK(computed.value() == computed_so_far);
  for (size_t p = 0; p < 2; ++p) {
    CHECK(third[p].second == before[p].second);
    CHECK(with_loss[p].second == before[p].second);
  }
}

}  // namespace cerium
