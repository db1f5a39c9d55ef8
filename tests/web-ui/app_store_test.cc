// Cerium. Licensed under the Apache License 2.0.
// What the store of the web pages counts, and what it forgets.
#include "web-ui/store/app_store.h"

#include <catch2/catch.hpp>

#include "tests/support/log_scene.h"

namespace cerium {
namespace {

using store::Application;
using test::LogScene;

}  // namespace

TEST_CASE("jobs, stages, tasks and executors count as in Spark", "[web-ui]") {
  LogScene scene;
  scene.executor("0", 2).executor("1", 2);
  const auto map = LogScene::stage(0, 3);
  auto reduce = LogScene::stage(1, 1, "collect at scene.cc:2");
  reduce.parents = {0};
  scene.job(0, {map, reduce}, 10).submit(map, 11);
  scene.task({.stage = 0, .index = 0, .executor = "0", .from = 12, .to = 20});
  scene.task({.stage = 0, .index = 1, .executor = "1", .from = 12, .to = 22});
  scene.task({.stage = 0, .index = 2, .executor = "1", .from = 12, .to = 13, .failure = LogScene::thrown("no")});
  scene.task({.stage = 0, .index = 2, .executor = "0", .from = 20, .to = 25});
  scene.complete(map, 11, 26).submit(reduce, 27);
  scene.task({.stage = 1, .index = 0, .executor = "1", .from = 28, .to = 30});
  scene.complete(reduce, 27, 31).endJob(0, 32);
  // The second job finds the output of its first stage: that stage is skipped.
  const auto again = LogScene::stage(2, 3);
  const auto count = LogScene::stage(3, 1, "count at scene.cc:3");
  scene.job(1, {again, count}, 40).submit(count, 41);
  scene.task({.stage = 3, .index = 0, .executor = "0", .from = 42, .to = 44});
  scene.complete(count, 41, 45).endJob(1, 46);

  scene.store->with([](const Application& app) {
    const auto& job = app.jobs.at(0);
    CHECK(job.name == "collect at scene.cc:2");
    CHECK(job.status == store::JobStatus::kSucceeded);
    CHECK(job.num_tasks == 4);
    CHECK(job.completed_tasks == 4);
    CHECK(job.failed_tasks == 1);
    CHECK(job.active_tasks == 0);
    CHECK(job.active_stages == 0);
    CHECK(job.completed_stages == std::set<int64_t>{0, 1});
    const auto& stage = *app.find(0, 0);
    CHECK(stage.status == store::StageStatus::kComplete);
    CHECK(stage.completed == 3);
    CHECK(stage.failed == 1);
    CHECK(stage.active == 0);
    CHECK(stage.completed_indices.count() == 3);
    CHECK(stage.figures.run_time == 8 + 10 + 1 + 5);
    CHECK(stage.executors.at("1").failed == 1);
    CHECK(stage.executors.at("0").task_time == 8 + 5);
    CHECK(stage.first_launch == LogScene::kStart + 12);
    CHECK(app.find(2, 0)->status == store::StageStatus::kSkipped);
    CHECK(app.jobs.at(1).skipped_tasks == 3);
    CHECK(app.jobs.at(1).skipped_stages == std::set<int64_t>{2});
    CHECK(app.executors.at("1").completed_tasks == 2);
    CHECK(app.executors.at("1").failed_tasks == 1);
    CHECK(app.executors.at("0").active_tasks == 0);
    return 0;
  });
}

TEST_CASE("tasks of one executor never share a lane at the same time", "[web-ui]") {
  LogScene scene;
  scene.executor("0", 3);
  scene.job(0, {LogScene::stage(0, 30)}, 0).submit(LogScene::stage(0, 30), 0);
  for (int i = 0; i < 30; ++i)
    scene.task({.stage = 0, .index = i, .executor = "0", .from = i / 3 * 10 + i % 3, .to = i / 3 * 10 + 10});
  scene.store->with([](const Application& app) {
    std::map<int, store::Instant> until;
    for (const auto& task : app.find(0, 0)->tasks) {
      CHECK(task.core < 3);
      CHECK(until[task.core] <= task.began());
      until[task.core] = task.finished;
    }
    return 0;
  });
}

TEST_CASE("older tasks make room for new ones, and the sums stay exact", "[web-ui]") {
  LogScene scene({.max_tasks = 100, .max_jobs = 10, .max_stages = 10});
  scene.executor("0", 1);
  for (int64_t id = 0; id < 40; ++id) {
    const auto stage = LogScene::stage(id, 10);
    scene.job(id, {stage}, id * 100).submit(stage, id * 100);
    for (int i = 0; i < 10; ++i)
      scene.task({.stage = id, .index = i, .executor = "0", .from = id * 100 + i, .to = id * 100 + i + 1});
    scene.complete(stage, id * 100, id * 100 + 20).endJob(id, id * 100 + 21);
  }
  scene.store->with([](const Application& app) {
    CHECK(app.jobs.size() <= 10);
    CHECK(app.stages.size() <= 10);
    CHECK(app.tasks_kept <= 100);
    CHECK(app.jobs_forgotten + static_cast<int64_t>(app.jobs.size()) == 40);
    CHECK(app.jobs.contains(39));
    CHECK(app.executors.at("0").completed_tasks == 400);
    return 0;
  });
}

TEST_CASE("running tasks are kept when a running stage has more tasks than the store holds", "[web-ui]") {
  LogScene scene({.max_tasks = 100, .max_jobs = 10, .max_stages = 10});
  scene.executor("0", 1);
  scene.job(0, {LogScene::stage(0, 1000)}, 0).submit(LogScene::stage(0, 1000), 0);
  eventlog::TaskInfo running;
  running.id = scene.next_task++;
  running.launched = LogScene::kStart;
  running.executor = "0";
  scene.give(eventlog::TaskStart{0, 0, running});
  for (int i = 1; i < 1000; ++i) scene.task({.stage = 0, .index = i, .executor = "0", .from = i, .to = i + 1});
  scene.store->with([](const Application& app) {
    const auto& stage = *app.find(0, 0);
    CHECK(stage.tasks.size() <= 100);
    CHECK(stage.tasks.front().status == store::TaskStatus::kRunning);
    CHECK(stage.forgotten + static_cast<int64_t>(stage.tasks.size()) == 1000);
    CHECK(stage.completed == 999);
    CHECK(stage.completed_indices.count() == 999);
    return 0;
  });
}

TEST_CASE("cached blocks follow their executors and their RDD", "[web-ui]") {
  LogScene scene;
  scene.executor("0", 1).executor("1", 1);
  auto stage = LogScene::stage(0, 2);
  stage.rdds[0].level.memory = true;
  scene.job(0, {stage}, 0).submit(stage, 1);
  const auto block = [&](const std::string& executor, const std::string& name, int64_t memory) {
    scene.give(eventlog::BlockUpdated{.executor = executor,
                                      .host = "h",
                                      .port = 1,
                                      .block = name,
                                      .level = {.memory = memory > 0, .deserialized = true},
                                      .memory = memory,
                                      .disk = 0});
  };
  block("0", "rdd_0_0", 100);
  block("1", "rdd_0_1", 50);
  block("1", "rdd_0_0", 100);
  block("1", "broadcast_3", 9);
  block("0", "rdd_0_x", 9);
  const auto& app_store = *scene.store;
  const auto memory = [&](const std::string& executor) {
    return app_store.with([&](const Application& app) { return app.executors.at(executor).memory_used; });
  };
  CHECK(memory("0") == 100);
  CHECK(memory("1") == 150 + 9);
  block("1", "rdd_0_1", 0);
  CHECK(memory("1") == 100 + 9);
  scene.lose("0", 5, "killed");
  CHECK(app_store.with([](const Application& app) { return app.rdds.at(0).blocks.at(0).size(); }) == 1);
  scene.give(eventlog::UnpersistRdd{0});
  CHECK(memory("1") == 9);
  CHECK(app_store.with([](const Application& app) { return app.rdds.size(); }) == 0);
}

}  // namespace cerium
