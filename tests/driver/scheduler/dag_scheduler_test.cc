// Cerium. Licensed under the Apache License 2.0.
// One rule of the DAG scheduler per test. tests/driver/scheduler/simulation_test.cc puts them all under load together.
#include "driver/scheduler/dag_scheduler.h"

#include <catch2/catch.hpp>
#include <chrono>

#include "base/util/error.h"
#include "tests/support/checked_dag.h"

namespace cerium {

using namespace test;

TEST_CASE("a job without a shuffle is one stage of the partitions asked for", "[driver]") {
  Dag d;
  const auto node = d.lineage.map(d.lineage.source(5));
  const auto tasks = theOne(d.submit(node, {1, 3}));
  CHECK(tasks.partitions == Partitions{1, 3});
  CHECK(tasks.shuffle == nullptr);
  CHECK(tasks.stage == StageRef{StageId(0), 0});
  CHECK(d.succeed(tasks.stage, 3).counts);
  const auto verdict = d.succeed(tasks.stage, 1);
  CHECK(verdict.counts);
  CHECK(verdict.stage_complete);
  CHECK(only<dag::StageDone>(verdict.instructions).size() == 1);
  CHECK(only<dag::JobSucceeded>(verdict.instructions).at(0).job == JobId(0));
  CHECK(d.isIdle());
}

TEST_CASE("a job without partitions succeeds at once", "[driver]") {
  Dag d;
  CHECK(only<dag::JobSucceeded>(d.submit(d.lineage.source(3), {})).size() == 1);
  CHECK(d.isIdle());
}

TEST_CASE("a job over a shuffle without map tasks still runs its own", "[driver]") {
  Dag d;
  const auto tasks = theOne(d.submit(d.lineage.shuffle({d.lineage.source(0)}, 2)));
  CHECK(only<dag::JobSucceeded>(d.succeedAll(tasks)).size() == 1);
  CHECK(d.isIdle());
}

TEST_CASE("a partition that does not exist is refused by name", "[driver]") {
  Dag d;
  CHECK_THROWS_AS(d.submit(d.lineage.source(3), {3}), InvalidArgument);
  CHECK(d.isIdle());
}

TEST_CASE("a reduce stage waits for all its map stages", "[driver]") {
  Dag d;
  const auto node = d.lineage.shuffle({d.lineage.source(2), d.lineage.source(1)}, 3);
  const auto maps = only<dag::SubmitTasks>(d.submit(node));
  REQUIRE(maps.size() == 2);
  CHECK(only<dag::SubmitTasks>(d.succeedAll(maps[0])).empty());
  const auto reduce = theOne(d.succeedAll(maps[1], kB));
  CHECK(reduce.shuffle == nullptr);
  CHECK(reduce.stage.id > maps[1].stage.id);
  CHECK(d.scheduler.mapOutputs(ShuffleId(1))->at(0)->executor == kB);
  CHECK(only<dag::JobSucceeded>(d.succeedAll(reduce)).size() == 1);
  CHECK(d.isIdle());
}

TEST_CASE("a map stage whose output exists is skipped by the next job", "[driver]") {
  Dag d;
  const auto node = d.lineage.shuffle({d.lineage.source(2)}, 2);
  d.succeedAll(theOne(d.succeedAll(theOne(d.submit(node)))));
  const auto again = theOne(d.submit(node));
  CHECK(again.shuffle == nullptr);
  const auto done = only<dag::StageDone>(d.succeedAll(again));
  REQUIRE(done.size() == 2);
  CHECK(std::count_if(done.begin(), done.end(), [](const auto& stage) { return stage.skipped; }) == 1);
  CHECK(d.isIdle());
}

TEST_CASE("only the missing map partitions run again, and count once", "[driver]") {
  Dag d;
  const auto node = d.lineage.shuffle({d.lineage.source(3)}, 2);
  const auto map = theOne(d.submit(node));
  d.succeed(map.stage, 0, kA);
  d.succeed(map.stage, 1, kB);
  const auto reduce = theOne(d.succeed(map.stage, 2, kA).instructions);
  const int64_t epoch = d.scheduler.mapOutputEpoch(ShuffleId(0));
  const auto again = theOne(d.lose(kB));
  CHECK(d.scheduler.mapOutputEpoch(ShuffleId(0)) > epoch);
  CHECK(again.stage == StageRef{map.stage.id, 1});
  CHECK(again.partitions == Partitions{1});
  const auto verdict = d.succeed(again.stage, 1, kA);
  CHECK_FALSE(verdict.counts);
  CHECK(verdict.stage_complete);
  d.succeedAll(reduce);
  CHECK(d.isIdle());
}

TEST_CASE("a doubled success counts once", "[driver]") {
  Dag d;
  const auto node = d.lineage.shuffle({d.lineage.source(2)}, 2);
  const auto map = theOne(d.submit(node));
  CHECK(d.succeed(map.stage, 0).counts);
  CHECK_FALSE(d.succeed(map.stage, 0, kB).counts);
  const auto reduce = theOne(d.succeed(map.stage, 1).instructions);
  CHECK(d.succeed(reduce.stage, 0).counts);
  CHECK_FALSE(d.succeed(reduce.stage, 0).counts);
}

TEST_CASE("a fetch failure runs the lost map partition, then what the stage still misses", "[driver]") {
  Dag d;
  const auto node = d.lineage.shuffle({d.lineage.source(2)}, 3);
  const auto map = theOne(d.submit(node));
  const auto reduce = theOne(d.succeedAll(map));
  d.succeed(reduce.stage, 0);
  const auto again = theOne(d.fetchFail(reduce.stage, 1, ShuffleId(0), 1, kA));
  CHECK(again.partitions == Partitions{1});
  CHECK(again.shuffle != nullptr);

  SECTION("more failures of the same attempt cause nothing more") {
    CHECK(only<dag::SubmitTasks>(d.fetchFail(reduce.stage, 2, ShuffleId(0), 1, kA)).empty());
    const auto retry = theOne(d.succeedAll(again, kB));
    CHECK(retry.stage == StageRef{reduce.stage.id, 1});
    CHECK(retry.partitions == Partitions{1, 2});
  }
  SECTION("the tasks that still run may finish and count") {
    CHECK(d.succeed(reduce.stage, 2).counts);
    CHECK(theOne(d.succeedAll(again, kB)).partitions == Partitions{1});
  }
  SECTION("another hole found meanwhile is filled by one more attempt of the map stage") {
    CHECK(only<dag::SubmitTasks>(d.fetchFail(reduce.stage, 2, ShuffleId(0), 0, kA)).empty());
    const auto more = theOne(d.succeedAll(again, kB));
    CHECK(more.stage == StageRef{map.stage.id, 2});
    CHECK(more.partitions == Partitions{0});
    CHECK(theOne(d.succeedAll(more, kB)).stage == StageRef{reduce.stage.id, 1});
  }
  SECTION("a late failure of the old attempt does not undo the repair") {
    const auto retry = theOne(d.succeedAll(again, kB));
    CHECK(only<dag::SubmitTasks>(d.fetchFail(reduce.stage, 2, ShuffleId(0), 1, kA)).empty());
    CHECK(only<dag::JobSucceeded>(d.succeedAll(retry)).size() == 1);
    CHECK(d.isIdle());
  }
}

TEST_CASE("a stage that fails by fetch too often in a row ends its job with the story", "[driver]") {
  Dag d;
  const auto node = d.lineage.shuffle({d.lineage.source(1)}, 1);
  auto reduce = theOne(d.succeedAll(theOne(d.submit(node))));
  for (int i = 1; i < DagScheduler::Options{}.max_stage_attempts; ++i) {
    reduce = theOne(d.succeedAll(theOne(d.fetchFail(reduce.stage, 0, ShuffleId(0), 0, kA))));
    CHECK(reduce.stage.attempt == i);
  }
  const auto aborted = only<dag::JobAborted>(d.fetchFail(reduce.stage, 0, ShuffleId(0), 0, kA));
  REQUIRE(aborted.size() == 1);
  CHECK(aborted[0].failure.kind == Failure::Kind::kFetchFailed);
  CHECK(aborted[0].failure.attempts == 4);
  CHECK_THAT(aborted[0].failure.message, Catch::Contains("output 0 of shuffle 0 from executor 0: connection reset"));
  CHECK(d.isIdle());
}

TEST_CASE("fetch failures with a full success in between are not in a row", "[driver]") {
  Dag d;
  const auto below = d.lineage.shuffle({d.lineage.source(1)}, 1);
  const auto middle = d.lineage.shuffle({below}, 1);
  auto tasks = theOne(d.succeedAll(theOne(d.submit(d.lineage.shuffle({middle}, 1)))));
  // The middle stage fails by fetch and then succeeds; then its own output is lost, so that it has to run again.
  for (int i = 0; i < 2 * DagScheduler::Options{}.max_stage_attempts; ++i) {
    const auto again = theOne(d.succeedAll(theOne(d.fetchFail(tasks.stage, 0, ShuffleId(0), 0, kA))));
    REQUIRE(again.stage.id == tasks.stage.id);
    d.succeedAll(again);
    tasks = theOne(d.checked(d.scheduler.fetchFailed({StageId(-1), 0}, 0, ShuffleId(1), 0, kA, "late")));
    REQUIRE(tasks.stage.id == again.stage.id);
  }
}

TEST_CASE("fetch failures with a task that succeeds in between are not in a row", "[driver]") {
  Dag d;
  const int limit = DagScheduler::Options{}.max_stage_attempts;
  const int partitions = 3 * limit;
  const auto below = d.lineage.shuffle({d.lineage.source(1)}, partitions);
  const bool is_result = GENERATE(true, false);
  auto tasks = theOne(d.succeedAll(theOne(d.submit(is_result ? below : d.lineage.shuffle({below}, 1)))));
  REQUIRE(tasks.partitions.size() == static_cast<size_t>(partitions));
  const int last = partitions - 1;
  const auto failAgain = [&] {
    const auto map = theOne(d.fetchFail(tasks.stage, last, ShuffleId(0), 0, kA));
    tasks = theOne(d.succeedAll(map));
  };
  for (int done = 0; done < last; ++done) {
    d.succeed(tasks.stage, done);
    failAgain();
  }
  // The last partition alone makes none: now they count.
  for (int i = 2; i < limit; ++i) failAgain();
  CHECK(only<dag::JobAborted>(d.fetchFail(tasks.stage, last, ShuffleId(0), 0, kA)).size() == 1);
  CHECK(d.isIdle());
}

TEST_CASE("a stage whose output is lost as often as it is made goes on while its tasks succeed", "[driver]") {
  Dag d;
  const auto below = d.lineage.shuffle({d.lineage.source(1)}, 2);
  auto tasks = theOne(d.succeedAll(theOne(d.submit(d.lineage.shuffle({below}, 1))), ExecutorId(0)));
  for (int i = 0; i < 3 * DagScheduler::Options{}.max_stage_attempts; ++i) {
    const ExecutorId killed(i);
    d.succeed(tasks.stage, 0, killed);
    const auto map = theOne(d.lose(killed));
    REQUIRE(map.stage.id != tasks.stage.id);
    d.fetchFail(tasks.stage, 1, ShuffleId(0), 0, killed);
    tasks = theOne(d.succeedAll(map, ExecutorId(i + 1)));
    REQUIRE(tasks.partitions == Partitions{0, 1});
  }
}

TEST_CASE("what one task of a barrier stage does is no progress of its stage", "[driver]") {
  Dag d;
  const auto node = d.lineage.map(d.lineage.shuffle({d.lineage.source(1)}, 2), true);
  auto tasks = theOne(d.succeedAll(theOne(d.submit(node))));
  for (int i = 1; i < DagScheduler::Options{}.max_stage_attempts; ++i) {
    d.succeed(tasks.stage, 0);
    tasks = theOne(d.succeedAll(theOne(d.fetchFail(tasks.stage, 1, ShuffleId(0), 0, kA))));
  }
  d.succeed(tasks.stage, 0);
  CHECK(only<dag::JobAborted>(d.fetchFail(tasks.stage, 1, ShuffleId(0), 0, kA)).size() == 1);
}

TEST_CASE("output lost between the end of a stage and the start of its child is made again", "[driver]") {
  Dag d;
  const auto node = d.lineage.shuffle({d.lineage.source(1), d.lineage.source(2)}, 1);
  const auto maps = only<dag::SubmitTasks>(d.submit(node));
  d.succeedAll(maps[0], kA);
  d.succeed(maps[1].stage, 0, kB);
  const auto again = theOne(d.lose(kA));  // at once, though nobody has missed it yet
  CHECK(again.stage == StageRef{maps[0].stage.id, 1});
  CHECK(only<dag::SubmitTasks>(d.succeed(maps[1].stage, 1, kB).instructions).empty());
  CHECK(theOne(d.succeedAll(again, kB)).shuffle == nullptr);
}

TEST_CASE("output lost while its stage runs is made again beside the rest", "[driver]") {
  Dag d;
  const auto node = d.lineage.shuffle({d.lineage.source(3)}, 1);
  const auto map = theOne(d.submit(node));
  d.succeed(map.stage, 0, kA);
  const auto again = theOne(d.lose(kA));
  CHECK(again.partitions == Partitions{0});
  CHECK(again.stage.attempt == 1);
  d.succeed(map.stage, 1, kB);  // the first attempt goes on
  d.succeed(again.stage, 0, kB);
  CHECK(theOne(d.succeed(map.stage, 2, kB).instructions).shuffle == nullptr);
}

TEST_CASE("map output of a lost executor is not accepted, and not waited for", "[driver]") {
  Dag d;
  const auto map = theOne(d.submit(d.lineage.shuffle({d.lineage.source(1)}, 1)));
  d.lose(kA);
  const auto late = d.succeed(map.stage, 0, kA);
  CHECK_FALSE(late.counts);
  CHECK(theOne(late.instructions).stage == StageRef{map.stage.id, 1});
}

TEST_CASE("lost output that no job needs is not made again before one does", "[driver]") {
  Dag d;
  const auto node = d.lineage.shuffle({d.lineage.source(2)}, 1);
  d.succeedAll(theOne(d.succeedAll(theOne(d.submit(node)))));
  CHECK(only<dag::SubmitTasks>(d.lose(kA)).empty());
  const auto map = theOne(d.submit(node));
  CHECK(map.shuffle != nullptr);
  CHECK_FALSE(d.succeed(map.stage, 0, kB).counts);  // it counted in the first job
}

TEST_CASE("jobs share the stages of one shuffle, and survive each other's end", "[driver]") {
  Dag d;
  const auto shuffle = d.lineage.dependency(d.lineage.source(2), 1);
  const auto map = theOne(d.submit(d.lineage.read(shuffle)));
  CHECK(only<dag::SubmitTasks>(d.submit(d.lineage.read(shuffle))).empty());

  SECTION("cancelling one leaves the other its stage") {
    const auto out = d.checked(d.scheduler.cancelJob(JobId(0), "no longer wanted"));
    CHECK(only<dag::CancelTasks>(out).empty());
    const auto aborted = only<dag::JobAborted>(out);
    CHECK(aborted.at(0).failure.kind == Failure::Kind::kCancelled);
    CHECK(aborted.at(0).failure.message == "no longer wanted");
    CHECK(theOne(d.succeedAll(map)).job == JobId(1));
  }
  SECTION("cancelling both stops it") {
    d.checked(d.scheduler.cancelJob(JobId(0), ""));
    const auto out = d.checked(d.scheduler.cancelJob(JobId(1), ""));
    CHECK(only<dag::CancelTasks>(out).at(0).stage == map.stage);
    CHECK(only<dag::StageDone>(out).at(0).stage == map.stage.id);
    CHECK(d.isIdle());
  }
  SECTION("its failure ends both, in the words of the failure") {
    Failure failure;
    failure.message = "bad record";
    failure.partition = 1;
    failure.attempts = 4;
    const auto aborted = only<dag::JobAborted>(d.checked(d.scheduler.stageFailed(map.stage, failure)));
    REQUIRE(aborted.size() == 2);
    CHECK(aborted[1].failure.message == "bad record");
    CHECK(aborted[1].failure.stage == map.stage.id);
    CHECK(aborted[1].failure.partition == 1);
    CHECK(aborted[1].failure.attempts == 4);
    CHECK(d.isIdle());
  }
}

TEST_CASE("a job that joins a waiting stage keeps what that waits for", "[driver]") {
  Dag d;
  const auto second = d.lineage.dependency(d.lineage.shuffle({d.lineage.source(1)}, 1), 1);
  const auto first_map = theOne(d.submit(d.lineage.read(second)));
  d.submit(d.lineage.read(second));
  CHECK(only<dag::CancelTasks>(d.checked(d.scheduler.cancelJob(JobId(0), ""))).empty());
  const auto result = theOne(d.succeedAll(theOne(d.succeedAll(first_map))));
  CHECK(only<dag::JobSucceeded>(d.succeedAll(result)).at(0).job == JobId(1));
  CHECK(d.isIdle());
}

TEST_CASE("a wholly cached node needs no parents, and says where its tasks run best", "[driver]") {
  Dag d;
  const auto cached = d.lineage.shuffle({d.lineage.source(2)}, 2);
  cached->setStorageLevel(MEMORY_ONLY);
  const auto node = d.lineage.map(cached);
  d.scheduler.blockCached(cached->id(), 0, kA);
  CHECK(theOne(d.submit(node)).shuffle != nullptr);  // partition 1 is nowhere
  d.checked(d.scheduler.cancelJob(JobId(0), ""));
  d.scheduler.blockCached(cached->id(), 1, kB);
  const auto tasks = theOne(d.submit(node));
  CHECK(tasks.shuffle == nullptr);
  CHECK(tasks.locations == std::vector<std::vector<ExecutorId>>{{kA}, {kB}});

  SECTION("should it vanish, the tasks' fetch failure brings the shuffle back") {
    const auto map = theOne(d.fetchFail(tasks.stage, 1, ShuffleId(0), 0, ExecutorId()));  // no blockDropped came
    CHECK(map.shuffle != nullptr);
    CHECK(theOne(d.succeedAll(map)).stage == StageRef{tasks.stage.id, 1});
  }
  SECTION("a lost, dropped or unpersisted block brings the parents back") {
    d.checked(d.scheduler.cancelJob(JobId(1), ""));
    const int how = GENERATE(0, 1, 2);
    if (how == 0) d.lose(kB);
    if (how == 1) d.scheduler.blockDropped(cached->id(), 1, kB);
    if (how == 2) d.scheduler.rddUnpersisted(cached->id());
    CHECK(theOne(d.submit(node)).shuffle != nullptr);
  }
}

TEST_CASE("a checkpointed node is not looked behind", "[driver]") {
  Dag d;
  const auto node = d.lineage.shuffle({d.lineage.source(2)}, 2);
  node->replaceBy(d.lineage.source(2));
  CHECK(theOne(d.submit(d.lineage.map(node))).shuffle == nullptr);
}

TEST_CASE("tasks prefer the hosts of their source", "[driver]") {
  Dag d;
  const auto file = d.lineage.source(1);
  file->hosts = {"h1"};
  CHECK(theOne(d.submit(d.lineage.map(file))).hosts.at(0) == std::vector<std::string>{"h1"});
}

TEST_CASE("the parts of a shuffle's outputs are known until it is released", "[driver]") {
  Dag d;
  const auto node = d.lineage.shuffle({d.lineage.source(2)}, 7);
  const ShuffleId shuffle = node->dependencies()[0].shuffle->id();
  CHECK(d.scheduler.numReduces(shuffle) == 0);
  d.succeedAll(theOne(d.succeedAll(theOne(d.submit(node)))));
  REQUIRE(d.isIdle());
  CHECK(d.scheduler.numReduces(shuffle) == 7);  // the outputs may yet be moved
  d.scheduler.shuffleReleased(shuffle);
  CHECK(d.scheduler.numReduces(shuffle) == 0);
}

TEST_CASE("a released shuffle is forgotten once no active stage needs it", "[driver]") {
  Dag d;
  const auto node = d.lineage.shuffle({d.lineage.source(1)}, 1);
  const auto reduce = theOne(d.succeedAll(theOne(d.submit(node))));
  d.scheduler.shuffleReleased(ShuffleId(0));
  CHECK(d.scheduler.mapOutputs(ShuffleId(0))->size() == 1);
  d.succeedAll(reduce);
  CHECK(d.scheduler.mapOutputs(ShuffleId(0))->empty());
}

TEST_CASE("a barrier stage that lost one output runs as a whole again", "[driver]") {
  Dag d;
  const auto gang = d.lineage.map(d.lineage.source(3), true);
  const auto map = theOne(d.submit(d.lineage.shuffle({gang}, 1)));
  CHECK(map.barrier);
  d.succeed(map.stage, 0, kB);
  d.succeed(map.stage, 1, kA);
  const auto reduce = theOne(d.succeed(map.stage, 2, kA).instructions);
  CHECK_FALSE(reduce.barrier);
  CHECK(theOne(d.lose(kB)).partitions == Partitions{0, 1, 2});
}

TEST_CASE("lineages deep and wide are walked in a moment", "[driver]") {
  using Clock = std::chrono::steady_clock;
  Dag d;
  const auto start = Clock::now();
  SECTION("10,000 maps") {
    NodePtr node = d.lineage.source(4);
    for (int i = 0; i < 10'000; ++i) node = d.lineage.map(node);
    CHECK(theOne(d.submit(node)).partitions.size() == 4);
  }
  SECTION("a union of 1,000 shuffles") {
    std::vector<NodePtr> parts;
    for (int i = 0; i < 1'000; ++i) parts.push_back(d.lineage.shuffle({d.lineage.source(1)}, 1));
    const auto maps = only<dag::SubmitTasks>(d.submit(d.lineage.unite(parts)));
    CHECK(maps.size() == 1'000);
    dag::Instructions last;
    for (const auto& map : maps) last = d.scheduler.taskSucceeded(map.stage, 0, {kA, 0}).instructions;
    CHECK(theOne(last).partitions.size() == 1'000);
  }
  SECTION("10,000 shuffles in a row") {
    NodePtr node = d.lineage.source(1);
    for (int i = 0; i < 10'000; ++i) node = d.lineage.shuffle({node}, 1);
    auto tasks = theOne(d.submit(node));
    while (tasks.shuffle) tasks = theOne(d.scheduler.taskSucceeded(tasks.stage, 0, {kA, 0}).instructions);
    CHECK(tasks.stage.id == StageId(10'000));
  }
  // Quadratic walks would take minutes; the bound only has to tell those from linear ones on a busy machine.
  CHECK(Clock::now() - start < std::chrono::seconds(30));
}

TEST_CASE("a shuffle is made without a result stage, and its exact sizes are handed out", "[driver]") {
  Dag d;
  const auto node = d.lineage.shuffle({d.lineage.source(2)}, 2);
  const auto map = theOne(d.materialise(node));
  CHECK(map.shuffle != nullptr);
  d.succeed(map.stage, 0, kA, 0, {{10, 1}, {20, 2}});
  const auto last = d.succeed(map.stage, 1, kB, 0, {{1, 1}, {0, 0}});
  CHECK(last.stage_complete);
  CHECK(only<dag::SubmitTasks>(last.instructions).empty());
  const auto succeeded = only<dag::JobSucceeded>(last.instructions);
  REQUIRE(succeeded.size() == 1);
  CHECK(succeeded[0].sizes->byReduce() == std::vector<PartSize>{{11, 2}, {20, 2}});
  CHECK(d.isIdle());
  CHECK(theOne(d.submit(node)).shuffle == nullptr);  // a later job reads the output
}

TEST_CASE("a shuffle that exists is not made again, and neither are the ones before it", "[driver]") {
  Dag d;
  const auto before = d.lineage.shuffle({d.lineage.source(1)}, 1);
  const auto node = d.lineage.shuffle({before}, 2);
  const auto second = theOne(d.succeedAll(theOne(d.materialise(node)), kA));
  d.succeed(second.stage, 0, kB, 0, {{4, 1}, {5, 1}});
  REQUIRE(d.isIdle());
  d.lose(kA);  // the output of the first shuffle
  const auto again = d.materialise(node);
  CHECK(only<dag::SubmitTasks>(again).empty());
  REQUIRE(only<dag::JobSucceeded>(again).size() == 1);
  CHECK(only<dag::JobSucceeded>(again)[0].sizes->total() == PartSize{9, 2});
  CHECK(d.isIdle());
}

TEST_CASE("a job and the job that makes its shuffle run the map stage once", "[driver]") {
  Dag d;
  const auto node = d.lineage.shuffle({d.lineage.source(1)}, 2);
  const auto map = theOne(d.materialise(node));
  CHECK(only<dag::SubmitTasks>(d.submit(node)).empty());
  const auto next = d.succeed(map.stage, 0, kA, 0, {{1, 1}, {2, 1}}).instructions;
  CHECK(only<dag::JobSucceeded>(next).size() == 1);
  CHECK(only<dag::JobSucceeded>(d.succeedAll(theOne(next))).size() == 1);
  CHECK(d.isIdle());
}

TEST_CASE("output that is lost before the shuffle is complete is made again and measured once", "[driver]") {
  Dag d;
  const auto map = theOne(d.materialise(d.lineage.shuffle({d.lineage.source(2)}, 1)));
  d.succeed(map.stage, 0, kA, 5, {{10, 1}});
  const auto again = theOne(d.lose(kA));
  CHECK(again.partitions == Partitions{0});
  d.succeed(map.stage, 1, kB, 6, {{20, 2}});
  const auto last = d.succeed(again.stage, 0, kB, 5, {{10, 1}}).instructions;
  REQUIRE(only<dag::JobSucceeded>(last).size() == 1);
  CHECK(only<dag::JobSucceeded>(last)[0].sizes->total() == PartSize{30, 3});
}

TEST_CASE("the job of a shuffle can be cancelled", "[driver]") {
  Dag d;
  const auto map = theOne(d.materialise(d.lineage.shuffle({d.lineage.source(2)}, 1)));
  const auto end = d.checked(d.scheduler.cancelJob(JobId(0), "no need"));
  CHECK(only<dag::JobAborted>(end).size() == 1);
  CHECK(only<dag::CancelTasks>(end).at(0).stage == map.stage);
  CHECK(d.isIdle());
}

TEST_CASE("tasks that read far more than the others come first, and the others in order", "[driver]") {
  constexpr int64_t kMiB = 1 << 20;
  const auto order = [&](std::vector<PartSize> sizes) {
    Dag d;
    const int reduces = static_cast<int>(sizes.size());
    const auto map = theOne(d.submit(d.lineage.map(d.lineage.shuffle({d.lineage.source(1)}, reduces))));
    return theOne(d.succeed(map.stage, 0, kA, 0, sizes).instructions).partitions;
  };
  CHECK(order({{kMiB, 1}, {9 * kMiB, 1}, {0, 0}, {50 * kMiB, 1}, {kMiB, 1}, {kMiB, 1}}) ==
        Partitions{3, 0, 1, 2, 4, 5});
  CHECK(order({{1, 1}, {1, 1}, {100, 1}, {1, 1}}) == Partitions{0, 1, 2, 3});
}

TEST_CASE("a large task is best near the executor that holds most of its input", "[driver]") {
  constexpr int64_t kMiB = 1 << 20;
  Dag d;
  const auto map = theOne(d.submit(d.lineage.shuffle({d.lineage.source(2)}, 3)));
  d.succeed(map.stage, 0, kA, 0, {{4 * kMiB, 1}, {2 * kMiB, 1}, {100, 1}});
  const auto reduce = theOne(d.succeed(map.stage, 1, kB, 0, {{kMiB, 1}, {2 * kMiB, 1}, {0, 0}}).instructions);
  CHECK(reduce.partitions == Partitions{0, 1, 2});
  REQUIRE(reduce.near.size() == 3);
  CHECK(reduce.near[0] == kA);
  CHECK_FALSE(reduce.near[1].valid());
  CHECK_FALSE(reduce.near[2].valid());
}

}  // namespace cerium
