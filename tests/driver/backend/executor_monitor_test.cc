// Cerium. Licensed under the Apache License 2.0.
// When executor processes are given up, and what their end says about the tasks that ran.
#include "driver/backend/executor_monitor.h"

#include <catch2/catch.hpp>

#include "base/protocol/executor_environment.h"

namespace cerium {
namespace {

using Kind = Failure::Kind;

const ExecutorId kA(1);
const ExecutorId kB(2);
constexpr Millis kDeadAfter = 10'000;
constexpr Millis kStartLimit = 30'000;

/// Two executors, A registered and B starting, at time 1,000.
struct Bench {
  ExecutorMonitor monitor{kDeadAfter};
  Millis now = 1'000;
  uint64_t bytes = 0;

  Bench() {
    monitor.starting(kA, "a.log", kStartLimit);
    monitor.starting(kB, "", kStartLimit);
    monitor.registered(kA);
    (void)monitor.tick(now);
  }
  /// Ticks ten times a second, as the loop does; all that was ordered.
  ExecutorMonitor::Orders pass(Millis time, bool a_speaks = false) {
    ExecutorMonitor::Orders all;
    for (const Millis end = now + time; now < end;) {
      now += 100;
      if (a_speaks) monitor.received(kA, ++bytes);
      const auto orders = monitor.tick(now);
      all.kill.insert(all.kill.end(), orders.kill.begin(), orders.kill.end());
      all.out_of_reach.insert(all.out_of_reach.end(), orders.out_of_reach.begin(), orders.out_of_reach.end());
    }
    return all;
  }
};

ExecutorEnd killedBy(int signal) {
  ExecutorEnd end;
  end.process.signal = signal;
  return end;
}

}  // namespace

TEST_CASE("an executor that is silent is given up, and its tasks are suspect", "[driver][fault]") {
  Bench b;
  CHECK(b.pass(60'000, true).kill.size() == 1);  // B, which never registered
  CHECK(b.monitor.isHeard(kA));
  CHECK(b.pass(kDeadAfter).kill.empty());
  const auto orders = b.pass(200);
  REQUIRE(orders.kill.size() == 1);
  CHECK(orders.kill[0].first == kA);
  CHECK(orders.kill[0].second == "it sent no heartbeat for 10 s");
  CHECK_FALSE(b.monitor.isHeard(kA));
  const auto loss = b.monitor.ended(kA, killedBy(9));
  REQUIRE(loss);
  CHECK(loss->registered);
  CHECK(loss->failure.kind == Kind::kCrash);
  CHECK(loss->failure.message == "it sent no heartbeat for 10 s; its log is a.log");
  CHECK_FALSE(b.monitor.ended(kA, killedBy(9)));
}

TEST_CASE("a part of a message is a sign of life", "[driver][fault]") {
  Bench b;
  for (int i = 0; i < 4; ++i) {
    b.monitor.received(kA, static_cast<uint64_t>(i + 1));
    CHECK(b.pass(kDeadAfter - 100).kill.size() == (i == 3 ? 1 : 0));  // in the end B, for which the time is up
  }
}

TEST_CASE("an executor that does not register in time is given up", "[driver][fault]") {
  Bench b;
  CHECK(b.monitor.starting() == std::vector<ExecutorId>{kB});
  CHECK(b.pass(kStartLimit, true).kill.empty());
  const auto orders = b.pass(200, true);
  REQUIRE(orders.kill.size() == 1);
  CHECK(orders.kill[0] == std::pair(kB, std::string("it did not register within 30 s of its start")));
  CHECK(b.monitor.starting().empty());
}

TEST_CASE("a broken connection leaves the process a second to die of something worse", "[driver][fault]") {
  Bench b;
  b.monitor.connectionBroke(kA, "reset");
  CHECK_FALSE(b.monitor.isHeard(kA));
  CHECK(b.pass(ExecutorMonitor::kAfterConnection).kill.empty());
  SECTION("it did") {
    const auto loss = b.monitor.ended(kA, killedBy(11));
    CHECK(loss->failure.kind == Kind::kCrash);
    CHECK_THAT(loss->failure.message, Catch::Contains("killed by signal 11"));
  }
  SECTION("it has ended because of that, and its tasks are innocent") {
    ExecutorEnd end;
    end.process.exit_status = kLostItsDriver;
    const auto loss = b.monitor.ended(kA, end);
    CHECK(loss->failure.kind == Kind::kExecutorLost);
    CHECK_THAT(loss->failure.message, Catch::Contains("its connection broke: reset"));
  }
  SECTION("it lives on, of no use") {
    CHECK(b.pass(200).kill.at(0).second == "its connection broke: reset");
    CHECK(b.monitor.ended(kA, killedBy(9))->failure.kind == Kind::kExecutorLost);
  }
  SECTION("its crash is being looked into") {
    b.monitor.endSeen(kA);
    CHECK(b.pass(20'000).kill.empty());
  }
}

TEST_CASE("an executor whose end nobody sees counts as ended after a while", "[driver][fault]") {
  Bench b;
  CHECK(b.monitor.giveUp(kA, "others cannot reach it"));
  CHECK_FALSE(b.monitor.giveUp(kA, "again"));
  CHECK(b.pass(ExecutorMonitor::kAfterKill).out_of_reach.empty());
  CHECK(b.pass(200).out_of_reach.front() == kA);
  CHECK(b.monitor.ended(kA, {false, {}, {}, {}})->failure.kind == Kind::kExecutorLost);
}

TEST_CASE("who leaves, and who is on a machine that is gone, has innocent tasks", "[driver][fault]") {
  Bench b;
  SECTION("it leaves") {
    b.monitor.leaves(kA);
    CHECK(b.monitor.ended(kA, killedBy(9))->failure.kind == Kind::kExecutorLost);
  }
  SECTION("its machine is gone") {
    CHECK(b.monitor.ended(kA, {false, {}, "its worker was lost", {}})->failure.kind == Kind::kExecutorLost);
  }
}

TEST_CASE("a crash names its task", "[driver][fault]") {
  Bench b;
  ExecutorEnd end = killedBy(11);
  end.process.crashed = true;
  end.process.record.signal = 11;
  end.process.record.task = 42;
  CHECK(b.monitor.ended(kA, end)->guilty == std::vector<TaskId>{TaskId(42)});
}

TEST_CASE("what happened while this process stood still is held against nobody", "[driver][fault]") {
  Bench b;
  b.now += 60'000;
  CHECK(b.monitor.tick(b.now).kill.empty());
  CHECK(b.pass(kDeadAfter - 100).kill.empty());
  CHECK(b.pass(200).kill.size() == 1);
}

TEST_CASE("an executor that ends itself because of a task that hangs blames that task alone", "[driver][fault]") {
  Bench b;
  ExecutorEnd end;
  end.process.exit_status = 1;
  end.process.crashed = true;
  end.process.record.task = 17;
  end.process.record.cause = CrashRecord::Cause::kHangs;
  const auto loss = b.monitor.ended(kA, end);
  REQUIRE(loss);
  CHECK(loss->guilty == std::vector<TaskId>{TaskId(17)});
  CHECK_THAT(loss->failure.message, Catch::Contains("task 17 did not stop when it was told to") &&
                                        Catch::Contains("cerium.task.reaper.killTimeout"));
}

}  // namespace cerium
