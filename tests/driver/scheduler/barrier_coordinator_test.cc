// Cerium. Licensed under the Apache License 2.0.
#include "driver/scheduler/barrier_coordinator.h"

#include <catch2/catch.hpp>
#include <future>
#include <thread>

#include "base/util/error.h"
#include "tests/support/fake_services.h"

namespace cerium {
namespace {

using Messages = std::vector<std::string>;

const BarrierCoordinator::Key kStage{7, 0};
constexpr int64_t kLong = 60'000;

TaskContext::Identity partition(int p) {
  TaskContext::Identity identity{};
  identity.partition = p;
  identity.num_partitions = 2;
  return identity;
}

/// Two tasks of a stage of two.
struct Two {
  testing::FakeServices services{size_t{1} << 20};
  TaskContext first{partition(0), services};
  TaskContext second{partition(1), services};
  BarrierCoordinator coordinator;

  std::future<Messages> enter(TaskContext& task, const std::string& message) {
    return std::async(std::launch::async,
                      [this, &task, message] { return coordinator.enter(kStage, 2, message, task, kLong); });
  }
  void waitForOne() {
    while (coordinator.size() == 0) std::this_thread::yield();
  }
};

}  // namespace

TEST_CASE("the tasks of a stage meet again and again, and leave nothing on the coordinator", "[driver][barrier]") {
  Two two;
  for (int round = 0; round < 100; ++round) {
    auto first = two.enter(two.first, "a" + std::to_string(round));
    auto second = two.enter(two.second, "b" + std::to_string(round));
    const Messages both{"a" + std::to_string(round), "b" + std::to_string(round)};
    CHECK(first.get() == both);
    CHECK(second.get() == both);
  }
  CHECK(two.coordinator.size() == 0);
}

TEST_CASE("a task that is tried again meets those that never came to the barrier before", "[driver][barrier][fault]") {
  Two two;
  TaskContext killed{partition(0), two.services};
  auto stale = two.enter(killed, "of the killed one");
  two.waitForOne();
  killed.interrupt();  // as the other has failed before it came here
  auto first = std::future<Messages>();
  SECTION("after the killed one has left") {
    CHECK_THROWS_AS(stale.get(), TaskKilled);
    CHECK(two.coordinator.size() == 0);
    first = two.enter(two.first, "a");
  }
  SECTION("while it is still there") { first = two.enter(two.first, "a"); }
  auto second = two.enter(two.second, "b");
  if (stale.valid()) CHECK_THROWS_AS(stale.get(), TaskKilled);
  CHECK(first.get() == Messages{"a", "b"});
  CHECK(second.get() == Messages{"a", "b"});
  CHECK(two.coordinator.size() == 0);
}

}  // namespace cerium
