// Cerium. Licensed under the Apache License 2.0.
// Jobs as a program handles them: asynchronous and parallel jobs, groups and pools, cancelling, and the context of a
// task.
#include <chrono>
#include <fstream>
#include <set>
#include <thread>

#include "tests/support/each_master.h"
#include "tests/support/temp_folder.h"

namespace cerium {

using Catch::Contains;
using testing::numbers;
using testing::onEachMaster;
using Ints = std::vector<int>;

namespace {

/// One partition whose task runs until it is told to stop.
RDD<int> endless(Context& sc) {
  return sc.parallelize({1}, 1).map([](int x) {
    while (!TaskContext::get()->isInterrupted()) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    return x;
  });
}

/// Waits until a task runs; false if none does for long.
bool someTaskRuns(Context& sc) {
  for (int i = 0; i < 20'000 && sc.statusTracker().getActiveStageIds().empty(); ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return !sc.statusTracker().getActiveStageIds().empty();
}

/// Counts events. Read it after the Context has stopped.
struct Counting : Listener {
  void onJobStart(const JobInfo& job) override {
    ++jobs_started;
    action = job.action;
  }
  void onJobEnd(const JobInfo& job) override { statuses.push_back(job.status); }
  void onStageCompleted(const StageInfo& stage) override { stage_tasks.push_back(stage.num_tasks); }
  void onTaskEnd(const TaskInfo& task) override { (task.status == "SUCCESS" ? tasks_done : tasks_failed) += 1; }
  int jobs_started = 0;
  int tasks_done = 0;
  int tasks_failed = 0;
  std::string action;
  std::vector<std::string> statuses;
  std::vector<int> stage_tasks;
};

}  // namespace

TEST_CASE("asynchronous actions give their result later", "[rdd]") {
  onEachMaster([](Context& sc) {
    auto rdd = sc.parallelize(numbers(0, 100), 4);
    auto sum = sc.longAccumulator("sum");
    auto count = rdd.countAsync();
    auto records = rdd.collectAsync();
    auto first = rdd.takeAsync(3);
    auto added = rdd.foreachAsync([sum](int x) { sum += x; });
    CHECK(records.get() == numbers(0, 100));
    CHECK(count.get() == 100);
    CHECK(first.get() == Ints{0, 1, 2});
    added.get();
    CHECK(sum.value() == 4950);
    CHECK(added.isCompleted());
    CHECK(count.jobIds().size() == 1);
  });
}

TEST_CASE("a cancelled action ends soon and says so", "[rdd]") {
  onEachMaster([](Context& sc) {
    auto count = endless(sc).countAsync();
    REQUIRE(someTaskRuns(sc));
    CHECK_FALSE(count.isCompleted());
    count.cancel();
    try {
      (void)count.get();
      FAIL("the job was not cancelled");
    } catch (const JobFailed& failure) {
      CHECK(failure.cancelled());
      CHECK_THAT(failure.what(), Contains("was cancelled") && Contains("FutureAction::cancel was called"));
    }
    CHECK(sc.parallelize({1, 2}, 2).count() == 2);
  });
}

TEST_CASE("a job group is cancelled by name, other jobs go on", "[rdd]") {
  onEachMaster([](Context& sc) {
    sc.setJobGroup("doomed", "runs until it is cancelled");
    auto doomed = endless(sc).countAsync();
    sc.clearJobGroup();
    REQUIRE(someTaskRuns(sc));
    const auto ids = sc.statusTracker().getJobIdsForGroup("doomed");
    REQUIRE(ids == doomed.jobIds());
    CHECK(sc.statusTracker().getActiveJobIds() == ids);
    auto other = endless(sc).countAsync();
    sc.cancelJobGroup("another");
    CHECK_FALSE(doomed.isCompleted());
    sc.cancelJobGroup("doomed", "enough of it");
    CHECK_THROWS_WITH(doomed.get(), Contains("enough of it"));
    auto info = sc.statusTracker().getJobInfo(ids.at(0));
    REQUIRE(info);
    CHECK(info->status == "FAILED");
    CHECK(info->group == "doomed");
    CHECK(info->description == "runs until it is cancelled");
    CHECK_FALSE(other.isCompleted());
    sc.cancelJob(other.jobIds().at(0), "no use");
    CHECK_THROWS_WITH(other.get(), Contains("no use"));
  });
}

TEST_CASE("all jobs are cancelled at once", "[rdd]") {
  onEachMaster([](Context& sc) {
    auto first = endless(sc).countAsync();
    auto second = endless(sc).collectAsync();
    sc.cancelAllJobs();
    CHECK_THROWS_AS(first.get(), JobFailed);
    CHECK_THROWS_AS(second.get(), JobFailed);
    CHECK(sc.parallelize({1}, 1).first() == 1);
  });
}

TEST_CASE("jobs from several threads run at once and do not mix", "[rdd]") {
  onEachMaster([](Context& sc) {
    auto shared = sc.parallelize(numbers(0, 1000), 5)
                      .map([](int x) { return std::pair(x % 10, x); })
                      .reduceByKey(std::plus<>(), 3);
    std::vector<int64_t> results(8, 0);
    std::vector<std::thread> threads;
    for (size_t i = 0; i < results.size(); ++i) {
      threads.emplace_back([&, i] {
        const int factor = static_cast<int>(i);
        for (int round = 0; round < 5; ++round) {
          results[i] = shared.values().map([](int x, int by) { return int64_t{x} * by; }, factor).reduce(std::plus<>());
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
    for (size_t i = 0; i < results.size(); ++i) CHECK(results[i] == 499'500 * static_cast<int64_t>(i));
  });
}

TEST_CASE("fair scheduling accepts pools with weights", "[rdd]") {
  for (const char* master : {testing::kThreads, testing::kProcesses}) {
    Context sc(testing::testConf(master).set("cerium.scheduler.mode", "FAIR"));
    sc.setPool("urgent", 3, 1);
    sc.setLocalProperty("cerium.scheduler.pool", "urgent");
    CHECK(sc.getLocalProperty("cerium.scheduler.pool") == "urgent");
    auto in_pool = sc.parallelize(numbers(0, 100), 20).countAsync();
    sc.setLocalProperty("cerium.scheduler.pool", "a pool without a description");
    CHECK(sc.parallelize(numbers(0, 50), 20).count() == 50);
    CHECK(in_pool.get() == 100);
  }
}

TEST_CASE("a listener hears of jobs, stages and tasks", "[rdd]") {
  onEachMaster([](Context& sc) {
    auto heard = std::make_shared<Counting>();
    sc.addListener(heard);
    auto pairs = sc.parallelize(numbers(0, 10), 4).map([](int x) { return std::pair(x % 2, x); });
    CHECK(pairs.reduceByKey(std::plus<>(), 3).count() == 2);
    CHECK_THROWS_AS(sc.parallelize({1}, 1).foreach ([](int) { throw std::runtime_error("no"); }), JobFailed);
    sc.stop();
    CHECK(heard->jobs_started == 2);
    CHECK(heard->statuses == std::vector<std::string>{"SUCCEEDED", "FAILED"});
    CHECK_THAT(heard->action, Contains("foreach at jobs_test.cc:"));
    REQUIRE(heard->stage_tasks.size() >= 2);
    CHECK(heard->stage_tasks[0] == 4);
    CHECK(heard->stage_tasks[1] == 3);
    CHECK(heard->tasks_done == 7);
    CHECK(heard->tasks_failed == (sc.master() == testing::kProcesses ? 4 : 1));
  });
}

TEST_CASE("tasks know their place and see the properties of the thread that started the job", "[rdd]") {
  onEachMaster([](Context& sc) {
    CHECK(TaskContext::get() == nullptr);
    sc.setLocalProperty("colour", "green");
    auto places = sc.parallelize(numbers(0, 6), 3).mapPartitionsWithIndex([](int p, auto&) {
      const TaskContext& task = *TaskContext::get();
      const bool right = task.partitionId() == p && task.numPartitions() == 3 && task.attemptNumber() == 0 &&
                         task.stageAttemptNumber() == 0 && !task.isInterrupted();
      return std::vector<std::pair<std::string, int64_t>>{
          {right ? task.getLocalProperty("colour") : "wrong", task.taskAttemptId()}};
    });
    std::set<int64_t> attempts;
    for (const auto& [colour, attempt] : places.collect()) {
      CHECK(colour == "green");
      attempts.insert(attempt);
    }
    CHECK(attempts.size() == 3);
  });
}

TEST_CASE("completion listeners run when the task ends, last added first", "[rdd]") {
  onEachMaster([](Context& sc) {
    testing::TempFolder folder;
    auto path = sc.broadcast(folder / "order");
    sc.parallelize({1}, 1).foreachPartition([path](auto&) {
      for (const char* text : {"first ", "second "}) {
        TaskContext::get()->addTaskCompletionListener(
            [path, text](TaskContext&) { std::ofstream(*path, std::ios::app) << text; });
      }
      std::ofstream(*path, std::ios::app) << "body ";
    });
    CHECK(testing::contentsOf(folder / "order") == "body second first ");
  });
}

}  // namespace cerium
