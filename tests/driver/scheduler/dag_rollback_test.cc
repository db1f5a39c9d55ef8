// Cerium. Licensed under the Apache License 2.0.
// What the DAG scheduler does when a map output comes out differently the second time.
#include <catch2/catch.hpp>

#include "tests/support/checked_dag.h"

namespace cerium {
namespace {

using namespace test;

/// The events of these tests: a success is told with a checksum, and what follows from it is what matters.
struct Rollback : Dag {
  dag::Instructions succeed(StageRef stage, int partition, ExecutorId executor, uint64_t checksum = 0) {
    return Dag::succeed(stage, partition, executor, checksum).instructions;
  }
  bool counts(StageRef stage, int partition, ExecutorId executor) {
    return Dag::succeed(stage, partition, executor).counts;
  }
};

/// source -> shuffle of 2 maps -> map stage of 2 -> shuffle -> result of 2. The first map runs on A and B, the second
/// on B, then A is lost and with it output 0 of the first shuffle.
struct TwoShuffles : Rollback {
  NodePtr first = lineage.shuffle({lineage.source(2)}, 2);
  NodePtr second = lineage.shuffle({first}, 2);
  dag::SubmitTasks first_map = theOne(submit(second));
  dag::SubmitTasks second_map;
  dag::SubmitTasks again;

  TwoShuffles() {
    succeed(first_map.stage, 0, kA, 100);
    second_map = theOne(succeed(first_map.stage, 1, kB, 101));
  }
  void loseFirstOutput() {
    const auto lost = only<dag::SubmitTasks>(lose(kA));
    REQUIRE(lost.size() == 1);
    again = lost.front();
    REQUIRE(again.partitions == Partitions{0});
  }
};

}  // namespace

TEST_CASE("an output that comes out the same undoes nothing", "[driver]") {
  TwoShuffles d;
  d.succeed(d.second_map.stage, 0, kB, 200);
  d.loseFirstOutput();
  CHECK(only<dag::CancelTasks>(d.succeed(d.again.stage, 0, kB, 100)).empty());
  const auto result = theOne(d.succeed(d.second_map.stage, 1, kB, 201));
  CHECK(result.partitions == Partitions{0, 1});
}

TEST_CASE("a map stage that read an output which comes out differently runs again from the start", "[driver]") {
  TwoShuffles d;
  d.succeed(d.second_map.stage, 0, kB, 200);
  d.loseFirstOutput();
  const auto instructions = d.succeed(d.again.stage, 0, kB, 999);
  const auto cancelled = only<dag::CancelTasks>(instructions);
  REQUIRE(cancelled.size() == 1);
  CHECK(cancelled.front().stage == d.second_map.stage);
  const auto anew = theOne(instructions);
  CHECK(anew.stage == StageRef{d.second_map.stage.id, 1});
  CHECK(anew.partitions == Partitions{0, 1});

  SECTION("results of the attempt before do not count") {
    CHECK(only<dag::SubmitTasks>(d.succeed(d.second_map.stage, 1, kB, 201)).empty());
    d.succeed(anew.stage, 0, kB, 300);
    CHECK(theOne(d.succeed(anew.stage, 1, kB, 301)).shuffle == nullptr);
  }
}

TEST_CASE("a result stage that has delivered something goes on where its own input comes out the same", "[driver]") {
  TwoShuffles d;
  d.succeed(d.second_map.stage, 0, kB, 200);
  const auto result = theOne(d.succeed(d.second_map.stage, 1, kB, 201));
  CHECK(d.counts(result.stage, 0, kB));
  // Output 0 of its input is lost, and what that was computed from.
  const auto holes = d.checked(d.scheduler.fetchFailed(result.stage, 1, ShuffleId(1), 0, kB, "reset"));
  CHECK(theOne(holes).stage.id == d.second_map.stage.id);
  const auto first_again = theOne(d.lose(kA));
  const auto anew = theOne(d.succeed(first_again.stage, 0, kB, 999));
  CHECK(anew.partitions == Partitions{0, 1});

  SECTION("the same") {
    d.succeed(anew.stage, 0, kB, 200);
    CHECK(theOne(d.succeed(anew.stage, 1, kB, 201)).partitions == Partitions{1});
  }
  SECTION("differently") {
    d.succeed(anew.stage, 0, kB, 200);
    CHECK(only<dag::JobAborted>(d.succeed(anew.stage, 1, kB, 777)).size() == 1);
  }
}

TEST_CASE("a job fails whose results came from an output that comes out differently", "[driver]") {
  Rollback d;
  const auto node = d.lineage.shuffle({d.lineage.source(2)}, 2);
  const auto map = theOne(d.submit(node));
  d.succeed(map.stage, 0, kA, 100);
  const auto result = theOne(d.succeed(map.stage, 1, kB, 101));

  SECTION("where a result was delivered") {
    CHECK(d.counts(result.stage, 0, kB));
    const auto again = theOne(d.lose(kA));
    const auto aborted = only<dag::JobAborted>(d.succeed(again.stage, 0, kB, 999));
    REQUIRE(aborted.size() == 1);
    CHECK_THAT(aborted.front().failure.message, Catch::Contains("output 0 of shuffle 0 is not what it was") &&
                                                    Catch::Contains("fake at") && Catch::Contains("checkpoint()"));
    CHECK(d.scheduler.activeStages() == 0);
  }
  SECTION("but it goes on where none was") {
    const auto again = theOne(d.lose(kA));
    const auto anew = theOne(d.succeed(again.stage, 0, kB, 999));
    CHECK(anew.stage == StageRef{result.stage.id, 1});
    CHECK(anew.partitions == Partitions{0, 1});
    CHECK_FALSE(d.counts(result.stage, 0, kB));
    CHECK(d.counts(anew.stage, 0, kB));
    CHECK(d.counts(anew.stage, 1, kB));
    CHECK(d.scheduler.activeJobs() == 0);
  }
}

TEST_CASE("what earlier jobs shuffled and cached from an output is given up when it comes out differently",
          "[driver]") {
  Rollback d;
  const auto first = d.lineage.shuffle({d.lineage.source(2)}, 2);
  const auto cached = d.lineage.map(first);
  cached->setStorageLevel(StorageLevel::MEMORY_ONLY);
  const auto derived = d.lineage.dependency(cached, 2);
  const auto second = d.lineage.read(derived);
  // The first job: everything exists then.
  const auto map = theOne(d.submit(second));
  d.succeed(map.stage, 0, kA, 100);
  const auto second_map = theOne(d.succeed(map.stage, 1, kB, 101));
  d.scheduler.blockCached(cached->id(), 0, kB);
  d.scheduler.blockCached(cached->id(), 1, kB);
  d.succeed(second_map.stage, 0, kB, 200);
  const auto result = theOne(d.succeed(second_map.stage, 1, kB, 201));
  d.succeed(result.stage, 0, kB);
  REQUIRE(only<dag::JobSucceeded>(d.succeed(result.stage, 1, kB)).size() == 1);
  // The second reads the first shuffle itself, after a loss.
  d.lose(kA);
  const auto again = theOne(d.submit(d.lineage.map(first)));
  CHECK(again.partitions == Partitions{0});
  const auto instructions = d.succeed(again.stage, 0, kB, 999);
  const auto dropped = only<dag::DropCached>(instructions);
  REQUIRE(dropped.size() == 1);
  CHECK(dropped.front().rdd == cached->id());
  CHECK(d.scheduler.holders(cached->id(), 0).empty());
  CHECK(d.scheduler.mapOutputs(derived->id())->at(0) == std::nullopt);
  // A third job over the second shuffle computes it anew.
  const auto outputs_anew = theOne(d.submit(second));
  CHECK(outputs_anew.shuffle == derived);
  CHECK(outputs_anew.partitions == Partitions{0, 1});
}

TEST_CASE("cached partitions are dropped after their computation is stopped", "[driver]") {
  Rollback d;
  const auto cached = d.lineage.shuffle({d.lineage.source(2)}, 2);
  cached->setStorageLevel(StorageLevel::MEMORY_ONLY);
  const auto map = theOne(d.submit(d.lineage.map(cached)));
  d.succeed(map.stage, 0, kA, 100);
  d.succeed(map.stage, 1, kB, 101);
  d.scheduler.blockCached(cached->id(), 0, kB);
  const auto again = theOne(d.lose(kA));
  const auto instructions = d.succeed(again.stage, 0, kB, 999);
  size_t cancel = 0;
  size_t drop = 0;
  for (size_t i = 0; i < instructions.size(); ++i) {
    if (std::holds_alternative<dag::CancelTasks>(instructions[i])) cancel = i + 1;
    if (std::holds_alternative<dag::DropCached>(instructions[i])) drop = i + 1;
  }
  CHECK(cancel > 0);
  CHECK(drop > cancel);
}

}  // namespace cerium
