// Cerium. Licensed under the Apache License 2.0.
// Executors that leave without loss, and how many an application wants.
#include "driver/scheduler/decommission.h"

#include <catch2/catch.hpp>

#include "driver/scheduler/allocation_policy.h"

namespace cerium {
namespace {

const ExecutorId kA(1);
const ExecutorId kB(2);

}  // namespace

TEST_CASE("an executor that leaves ends its tasks, then moves its blocks, then goes", "[driver]") {
  DecommissionTracker decommissions;
  REQUIRE(decommissions.leave(kA, "its worker leaves", 0));
  CHECK_FALSE(decommissions.leave(kA, "again", 1));
  CHECK(decommissions.tick({.busy = {kA}}, 100).move.empty());  // it still runs tasks

  auto orders = decommissions.tick({}, 200);
  REQUIRE(orders.move.size() == 1);
  CHECK(orders.move[0].executor == kA);
  decommissions.moving(kA, {{{ShuffleId(3), 0}, kB}, {{ShuffleId(3), 1}, kB}}, {{{RddId(7), 2}, kB}});
  CHECK(decommissions.tick({}, 300).let_go.empty());
  decommissions.outputMoved(kA, ShuffleId(3), 0);
  decommissions.outputMoved(kA, ShuffleId(3), 1);
  decommissions.blockCopied(RddId(7), 2, kA);  // its own copy is not one
  CHECK(decommissions.tick({}, 400).let_go.empty());
  decommissions.blockCopied(RddId(7), 2, kB);
  orders = decommissions.tick({}, 500);
  REQUIRE(orders.let_go.size() == 1);
  CHECK(orders.let_go[0].reason == "its worker leaves");
  CHECK(decommissions.tick({}, 600).let_go.empty());  // said once
  decommissions.lost(kA);
  CHECK_FALSE(decommissions.contains(kA));
}

TEST_CASE("an executor waits for others that are starting to take its blocks, but not for ever", "[driver]") {
  DecommissionTracker decommissions;
  REQUIRE(decommissions.leave(kA, "why", 0));
  CHECK(decommissions.tick({.room_is_coming = true}, 100).move.empty());
  SECTION("they come") { CHECK(decommissions.tick({}, 5'000).move.size() == 1); }
  SECTION("they do not") {
    CHECK(decommissions.tick({.room_is_coming = true}, DecommissionTracker::kMoveLimit - 1).move.empty());
    CHECK(decommissions.tick({.room_is_coming = true}, DecommissionTracker::kMoveLimit).move.size() == 1);
  }
}

TEST_CASE("an executor whose blocks do not move goes without them in the end", "[driver]") {
  DecommissionTracker decommissions;
  REQUIRE(decommissions.leave(kA, "why", 0));
  REQUIRE(decommissions.tick({}, 0).move.size() == 1);
  decommissions.moving(kA, {{{ShuffleId(3), 0}, kB}}, {});
  CHECK(decommissions.tick({}, DecommissionTracker::kMoveLimit - 1).let_go.empty());
  CHECK(decommissions.tick({}, DecommissionTracker::kMoveLimit).let_go.size() == 1);
}

TEST_CASE("an executor that was read from waits for the tasks that may still read", "[driver]") {
  DecommissionTracker decommissions;
  REQUIRE(decommissions.leave(kA, "why", 0));
  REQUIRE(decommissions.tick({}, 0).move.size() == 1);
  decommissions.moving(kA, {{{ShuffleId(3), 0}, kB}}, {});
  decommissions.outputMoved(kA, ShuffleId(3), 0);
  CHECK(decommissions.tick({.oldest = TaskId(5), .next = TaskId(9)}, 100).let_go.empty());
  CHECK(decommissions.tick({.oldest = TaskId(8), .next = TaskId(12)}, 200).let_go.empty());
  CHECK(decommissions.tick({.oldest = TaskId(9), .next = TaskId(14)}, 300).let_go.size() == 1);

  REQUIRE(decommissions.leave(kB, "why", 0));
  REQUIRE(decommissions.tick({}, 0).move.size() == 1);
  decommissions.moving(kB, {}, {});  // it held nothing
  CHECK(decommissions.tick({.oldest = TaskId(5), .next = TaskId(9)}, 100).let_go.size() == 1);
}

TEST_CASE("who leaves does not wait for copies that will not come", "[driver]") {
  DecommissionTracker decommissions;
  const ExecutorId other(3);
  REQUIRE(decommissions.leave(kA, "why", 0));
  REQUIRE(decommissions.tick({}, 0).move.size() == 1);
  decommissions.moving(kA, {}, {{{RddId(7), 0}, kB}, {{RddId(7), 1}, kB}});
  decommissions.blockMissing(RddId(7), 0, other);  // it was not to take it
  decommissions.blockCopied(RddId(7), 1, kB);
  CHECK(decommissions.tick({}, 100).let_go.empty());
  decommissions.blockMissing(RddId(7), 0, kB);
  CHECK(decommissions.tick({}, 200).let_go.size() == 1);
}

TEST_CASE("what a lost executor was to take is moved to another", "[driver]") {
  DecommissionTracker decommissions;
  REQUIRE(decommissions.leave(kA, "why", 0));
  REQUIRE(decommissions.tick({}, 0).move.size() == 1);
  decommissions.moving(kA, {{{ShuffleId(3), 0}, kB}}, {});
  CHECK(decommissions.tick({}, 100).move.empty());
  decommissions.lost(kB);
  CHECK(decommissions.tick({}, 200).move.size() == 1);
  decommissions.moving(kA, {{{ShuffleId(3), 0}, ExecutorId(3)}}, {});
  decommissions.outputMoved(kA, ShuffleId(3), 0);
  CHECK(decommissions.tick({}, 300).let_go.size() == 1);
}

TEST_CASE("a retired executor whose machine leaves has its output moved, too", "[driver]") {
  DecommissionTracker decommissions;
  REQUIRE(decommissions.retire(kA, 0));
  REQUIRE(decommissions.tick({}, 100).retire.size() == 1);
  CHECK(decommissions.isRetired(kA));
  REQUIRE(decommissions.leave(kA, "its worker leaves", 200));
  CHECK_FALSE(decommissions.isRetired(kA));
  CHECK_FALSE(decommissions.retire(kA, 250));
  CHECK(decommissions.tick({}, 300).move.size() == 1);
  decommissions.moving(kA, {}, {});
  CHECK(decommissions.tick({}, 400).let_go.size() == 1);
}

TEST_CASE("an idle executor is retired when its last task has ended", "[driver]") {
  DecommissionTracker decommissions;
  REQUIRE(decommissions.retire(kA, 0));
  CHECK(decommissions.tick({.busy = {kA}}, 100).retire.empty());
  REQUIRE(decommissions.tick({}, 200).retire.size() == 1);
  CHECK(decommissions.tick({}, 300).retire.empty());
}

TEST_CASE("executors are wanted while tasks wait, and given back when idle", "[driver]") {
  AllocationPolicy::Options options;
  options.enabled = true;
  options.min_executors = 1;
  options.max_executors = 5;
  options.idle_ms = 1000;
  AllocationPolicy policy(options);
  using Seen = AllocationPolicy::Seen;

  options.executor_cores = 2;
  CHECK(AllocationPolicy(options).decide({}, 8, 1).want == 4);  // none is there: no reason to wait for a backlog
  CHECK(policy.decide({}, 8, 1).want == -1);                    // how large one is shows when the first has come
  CHECK(policy.decide({Seen{kA, 2, 2, false}}, 6, 100).want == -1);
  CHECK(policy.decide({Seen{kA, 2, 2, false}}, 6, 1100).want == 4);

  // Two are enough: the rest is not asked for any more, and none of the two has been idle for long.
  auto decision = policy.decide({Seen{kA, 2, 1, false}, Seen{kB, 2, 0, false}}, 0, 2000);
  CHECK(decision.want == 2);
  CHECK(decision.retire.empty());

  decision = policy.decide({Seen{kA, 2, 0, false}, Seen{kB, 2, 0, false}}, 0, 3000);
  CHECK(decision.retire == std::vector<ExecutorId>{kB});  // idle for a second, and one is to stay
  CHECK(decision.want == 1);
  CHECK(policy.decide({Seen{kA, 2, 0, false}}, 0, 9000).retire.empty());
}

TEST_CASE("an executor that holds cached blocks is kept", "[driver]") {
  AllocationPolicy::Options options;
  options.enabled = true;
  options.idle_ms = 1000;
  AllocationPolicy policy(options);
  using Seen = AllocationPolicy::Seen;
  CHECK(policy.decide({Seen{kA, 1, 0, true}, Seen{kB, 1, 0, false}}, 0, 1).retire.empty());
  CHECK(policy.decide({Seen{kA, 1, 0, true}, Seen{kB, 1, 0, false}}, 0, 5000).retire == std::vector<ExecutorId>{kB});
}

}  // namespace cerium
