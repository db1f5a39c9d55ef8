// Cerium. Licensed under the Apache License 2.0.
// For each rule of the diagnosis an application that provokes it, and one that comes close and must not.
#include "web-ui/diagnosis/diagnosis.h"

#include <catch2/catch.hpp>
#include <functional>

#include "tests/support/log_scene.h"

namespace cerium {
namespace {

using test::LogScene;

/// One stage of a job with tasks that take `ms` each, on executors "0" and "1" in turn.
LogScene oneStage(const std::vector<int64_t>& ms, const std::string& name = "map at scene.cc:1",
                  eventlog::TaskFigures figures = {}, int cores = 2) {
  LogScene scene;
  scene.executor("0", cores).executor("1", cores);
  const auto stage = LogScene::stage(0, static_cast<int>(ms.size()), name);
  scene.job(0, {stage}, 0).submit(stage, 0);
  int64_t end = 0;
  for (size_t i = 0; i < ms.size(); ++i) {
    scene.task({.stage = 0,
                .index = static_cast<int>(i),
                .executor = i % 2 == 0 ? "0" : "1",
                .from = 0,
                .to = ms[i],
                .figures = figures});
    end = std::max(end, ms[i]);
  }
  scene.complete(stage, 0, end).endJob(0, end);
  return scene;
}

LogScene waited(int64_t ms) {
  LogScene scene;
  scene.executor("0", 1);
  const auto stage = LogScene::stage(0, 1);
  scene.job(0, {stage}, 0).submit(stage, 0);
  scene.task({.stage = 0, .executor = "0", .from = ms, .to = ms + 10});
  scene.complete(stage, 0, ms + 10).endJob(0, ms + 10);
  return scene;
}

LogScene driverWorked(int64_t ms) {
  LogScene scene;
  scene.executor("0", 1);
  const auto stage = LogScene::stage(0, 1);
  scene.job(0, {stage}, 0).submit(stage, 0);
  scene.task({.stage = 0, .executor = "0", .from = 0, .to = 1000});
  scene.complete(stage, 0, 1000).endJob(0, 1000 + ms);
  return scene;
}

LogScene computedAgain(int stages, bool is_kept) {
  LogScene scene;
  scene.executor("0", 4);
  for (int64_t id = 0; id < stages; ++id) {
    auto stage = LogScene::stage(id, 1, "count at scene.cc:9");
    eventlog::RddInfo shared;
    shared.id = 1;
    shared.name = "map";
    shared.call_site = "map at scene.cc:4";
    shared.level.memory = is_kept;
    stage.rdds.push_back(shared);
    scene.job(id, {stage}, id * 3000).submit(stage, id * 3000);
    scene.task({.stage = id, .executor = "0", .from = id * 3000, .to = id * 3000 + 2600});
    scene.complete(stage, id * 3000, id * 3000 + 2700).endJob(id, id * 3000 + 2700);
  }
  return scene;
}

LogScene lostAndRanAgain(bool is_lost) {
  LogScene scene = oneStage({100, 100});
  if (!is_lost) return scene;
  scene.lose("1", 150, "killed by signal 9");
  auto again = LogScene::stage(0, 1);
  again.attempt = 1;
  scene.submit(again, 200);
  scene.task({.stage = 0, .index = 1, .executor = "0", .from = 200, .to = 300, .stage_attempt = 1});
  scene.complete(again, 200, 300);
  return scene;
}

std::vector<int64_t> times(size_t count, int64_t ms) { return std::vector<int64_t>(count, ms); }
eventlog::TaskFigures with(int64_t eventlog::TaskFigures::*of, int64_t value) {
  eventlog::TaskFigures figures;
  figures.*of = value;
  return figures;
}

struct Case {
  const char* rule;
  std::function<LogScene()> provokes;
  std::function<LogScene()> does_not;
  const char* says;
};

std::vector<Case> cases() {
  using Figures = eventlog::TaskFigures;
  return {
      {"skew",
       [] {
         return oneStage({100, 100, 100, 100, 100, 9000});
       },
       [] {
         return oneStage({400, 500, 600, 900});
       },
       "Partition 5 of stage 0 (map at scene.cc:1) took 9.0 s, 90 times the median of 100 ms."},
      {"small-tasks", [] { return oneStage(times(1200, 1)); }, [] { return oneStage(times(900, 1)); },
       "Stage 0 (map at scene.cc:1) has 1200 tasks that run for 1 ms in the median"},
      {"few-partitions", [] { return oneStage(times(2, 8000), "map at scene.cc:1", {}, 4); },
       [] { return oneStage(times(8, 8000), "map at scene.cc:1", {}, 4); },
       "has 2 tasks for 8 cores and ran for 8.0 s: 6 cores had nothing to do."},
      {"spill", [] { return oneStage(times(4, 10), "map at scene.cc:1", with(&Figures::disk_spilled, 40 << 20)); },
       [] { return oneStage(times(4, 10), "map at scene.cc:1", with(&Figures::disk_spilled, 1 << 20)); },
       "wrote 160.0 MiB to disk"},
      {"slow-node",
       [] {
         return oneStage({100, 900, 100, 900, 100, 900, 100, 900, 100, 900});
       },
       [] {
         return oneStage({100, 110, 100, 110, 100, 110, 100, 110, 100, 110});
       },
       "take 900 ms on executor 1 (host-1), 9.0 times as long as on others (100 ms)."},
      {"waiting", [] { return waited(7000); }, [] { return waited(900); }, "waited 7.0 s for a core"},
      {"group-by-key",
       [] { return oneStage(times(4, 10), "groupByKey at scene.cc:5", with(&Figures::remote_bytes_read, 30 << 20)); },
       [] { return oneStage(times(4, 10), "reduceByKey at scene.cc:5", with(&Figures::remote_bytes_read, 30 << 20)); },
       "moved 120.0 MiB"},
      {"retries", [] { return lostAndRanAgain(true); }, [] { return lostAndRanAgain(false); },
       "ran again, as attempt 1, for 1 tasks: executor 1 on host-1 was lost (killed by signal 9)."},
      {"driver-time", [] { return driverWorked(8000); }, [] { return driverWorked(300); },
       "For 8.0 s of the 9.0 s of job 0"},
      {"large-results",
       [] { return oneStage(times(4, 10), "collect at scene.cc:6", with(&Figures::result_size, 100 << 20)); },
       [] { return oneStage(times(4, 10), "collect at scene.cc:6", with(&Figures::result_size, 1 << 20)); },
       "sent 400.0 MiB to the driver"},
      {"recomputation", [] { return computedAgain(4, false); }, [] { return computedAgain(4, true); },
       "RDD 1 (map at scene.cc:4) is not persisted and was computed in 4 stages; all but the first took 7.8 s"},
  };
}

std::vector<diagnosis::Finding> findings(const LogScene& scene, const std::string& rule) {
  auto all = scene.store->with(
      [](const store::Application& app) { return diagnosis::diagnose(app, LogScene::kStart + 1'000'000); });
  std::erase_if(all, [&](const auto& finding) { return finding.rule != rule; });
  return all;
}

}  // namespace

TEST_CASE("each rule speaks where it should, with its figures, and not where it comes close", "[web-ui]") {
  for (const Case& each : cases()) {
    INFO("rule " << each.rule);
    const auto found = findings(each.provokes(), each.rule);
    REQUIRE(found.size() == 1);
    CHECK_THAT(found[0].sentence, Catch::Contains(each.says));
    CHECK_FALSE(found[0].figures.empty());
    CHECK_FALSE(found[0].evidence.empty());
    CHECK_FALSE(found[0].advice.empty());
    CHECK(findings(each.does_not(), each.rule).empty());
  }
}

TEST_CASE("a task that still runs far longer than the others is skew already", "[web-ui]") {
  LogScene scene;
  scene.executor("0", 8);
  scene.job(0, {LogScene::stage(0, 8)}, 0).submit(LogScene::stage(0, 8), 0);
  for (int i = 0; i < 7; ++i) scene.task({.stage = 0, .index = i, .executor = "0", .from = 0, .to = 200});
  eventlog::TaskInfo running;
  running.id = 99;
  running.index = 7;
  running.launched = LogScene::kStart;
  running.executor = "0";
  scene.give(eventlog::TaskStart{0, 0, running});
  const auto found = findings(scene, "skew");
  REQUIRE(found.size() == 1);
  CHECK_THAT(found[0].sentence, Catch::Contains("Partition 7 of stage 0 (map at scene.cc:1) has run for"));
}

TEST_CASE("an application without trouble has no findings", "[web-ui]") {
  const LogScene scene = oneStage(times(8, 500));
  CHECK(scene.store->with([](const store::Application& app) {
    return diagnosis::diagnose(app, LogScene::kStart + 1000).size();
  }) == 0);
}

}  // namespace cerium
