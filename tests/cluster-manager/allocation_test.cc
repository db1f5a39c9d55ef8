// Cerium. Licensed under the Apache License 2.0.
// Which executors an application gets, and the reason that it is told if it gets none.
#include "cluster-manager/manager/allocation.h"

#include <catch2/catch.hpp>

namespace cerium::cluster_manager {
namespace {

constexpr uint64_t kGiB = uint64_t{1} << 30;
constexpr int64_t kMany = 1'000'000;

/// Workers with the given free cores (of 8) and GiB (of 16).
std::vector<WorkerRoom> rooms(const std::vector<std::pair<int32_t, uint64_t>>& free) {
  std::vector<WorkerRoom> all;
  for (const auto& [cores, memory] : free) {
    all.push_back({.worker = "worker-" + std::to_string(all.size()),
                   .cores = 8,
                   .memory = 16 * kGiB,
                   .cores_free = cores,
                   .memory_free = memory * kGiB});
  }
  return all;
}

/// The cores granted in each room.
std::vector<int32_t> granted(std::vector<WorkerRoom> all, const ExecutorNeed& need, bool spread_out) {
  std::vector<int32_t> cores(all.size(), 0);
  const auto before = all;
  for (const ExecutorGrant& grant : grantExecutors(all, need, spread_out)) {
    cores[grant.room] += grant.cores;
    all[grant.room].memory_free += need.memory;
  }
  for (size_t i = 0; i < all.size(); ++i) {
    CHECK(all[i].cores_free == before[i].cores_free - cores[i]);
    CHECK(all[i].memory_free == before[i].memory_free);
  }
  return cores;
}

using Cores = std::vector<int32_t>;

}  // namespace

TEST_CASE("executors of one size are spread over the workers, or fill one after another", "[cluster-manager]") {
  const auto three = rooms({{8, 16}, {8, 16}, {4, 16}});
  const ExecutorNeed need{.cores = 2, .memory = kGiB, .cores_left = 6, .executors_left = kMany};
  CHECK(granted(three, need, true) == Cores{4, 2, 0});
  CHECK(granted(three, need, false) == Cores{6, 0, 0});
  const ExecutorNeed more{.cores = 2, .memory = kGiB, .cores_left = 10, .executors_left = kMany};
  CHECK(granted(three, more, true) == Cores{4, 4, 2});
  CHECK(granted(three, more, false) == Cores{8, 2, 0});
}

TEST_CASE("neither cores nor executors nor memory are exceeded", "[cluster-manager]") {
  const auto two = rooms({{8, 16}, {3, 16}});
  CHECK(granted(two, {.cores = 2, .memory = 1, .cores_left = kMany, .executors_left = kMany}, true) == Cores{8, 2});
  CHECK(granted(two, {.cores = 2, .memory = 1, .cores_left = 5, .executors_left = kMany}, true) == Cores{4, 0});
  CHECK(granted(two, {.cores = 2, .memory = 1, .cores_left = kMany, .executors_left = 1}, true) == Cores{2, 0});
  CHECK(granted(two, {.cores = 2, .memory = 7 * kGiB, .cores_left = kMany, .executors_left = kMany}, true) ==
        Cores{4, 2});
  CHECK(granted(two, {.cores = 2, .memory = 1, .cores_left = -1, .executors_left = -1}, true) == Cores{0, 0});
  CHECK(granted({}, {.cores = 2, .memory = 1, .cores_left = 4, .executors_left = 4}, true).empty());
}

TEST_CASE("without a size, each worker gets one executor with its share of the cores", "[cluster-manager]") {
  const auto three = rooms({{4, 16}, {8, 16}, {2, 0}});
  CHECK(granted(three, {.memory = kGiB, .cores_left = kMany, .executors_left = kMany}, true) == Cores{4, 8, 0});
  CHECK(granted(three, {.memory = kGiB, .cores_left = 6, .executors_left = kMany}, true) == Cores{3, 3, 0});
  CHECK(granted(three, {.memory = kGiB, .cores_left = 6, .executors_left = kMany}, false) == Cores{0, 6, 0});
  CHECK(granted(three, {.memory = kGiB, .cores_left = 10, .executors_left = kMany}, false) == Cores{2, 8, 0});
  CHECK(granted(three, {.memory = kGiB, .cores_left = 10, .executors_left = 1}, true) == Cores{0, 8, 0});
}

TEST_CASE("a driver is placed on the worker with the most free resources", "[cluster-manager]") {
  auto three = rooms({{2, 16}, {6, 16}, {8, 1}});
  CHECK(takeRoom(three, 2, 2 * kGiB) == 1);
  CHECK(three[1].cores_free == 4);
  CHECK(three[1].memory_free == 14 * kGiB);
  CHECK_FALSE(takeRoom(three, 9, kGiB).has_value());
  CHECK_FALSE(takeRoom(three, 1, 17 * kGiB).has_value());
}

TEST_CASE("the reason is given for everything that cannot be placed", "[cluster-manager]") {
  const auto two = rooms({{2, 16}, {1, 16}});
  CHECK(whyNoRoom(two, 2, 4, kGiB, "") == "needs 4 cores on one worker; the best of 2 workers has 2 free");
  CHECK(whyNoRoom(rooms({{0, 1}}), 1, 0, kGiB, "") == "needs 1 core on one worker; the best of 1 worker has 0 free");
  CHECK(whyNoRoom(rooms({{8, 1}}), 1, 1, 2 * kGiB, "") ==
        "needs 2 GiB on one worker; the best of 1 worker has 1 GiB free");
  CHECK(whyNoRoom(rooms({{8, 1}, {1, 16}}), 2, 2, 2 * kGiB, "") ==
        "needs 2 cores and 2 GiB on one worker; none of 2 workers has both free");
  CHECK(whyNoRoom({}, 0, 1, kGiB, "applications before it") == "no worker is registered");
  CHECK(whyNoRoom({}, 2, 1, kGiB, "").find("none of 2 workers") == 0);
  CHECK(whyNoRoom(two, 2, 4, kGiB, "applications before it") ==
        "needs 4 cores on one worker; the best of 2 workers has 2 free; waits for applications before it");
  // No end of another application or driver would help.
  CHECK(whyNoRoom(two, 2, 9, kGiB, "applications before it") ==
        "needs 9 cores on one worker; the best of 2 workers has 2 free");
  CHECK(formatMemory(1536ULL << 20) == "1536 MiB");
}

}  // namespace cerium::cluster_manager
