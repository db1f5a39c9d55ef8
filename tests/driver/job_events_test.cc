// Cerium. Licensed under the Apache License 2.0.
// The events of whole jobs, on threads and on processes: complete, in order, and true.
#include <csignal>
#include <map>
#include <set>

#include "driver/engine.h"
#include "tests/support/each_master.h"
#include "tests/support/temp_folder.h"

namespace cerium {
namespace {

using testing::numbers;
using testing::testConf;

/// Keeps all that it reads; look at it when the Context has stopped.
struct Keeper final : EventReader {
  void read(const events::Event& event) override { all.push_back(event); }
  template <class Kind>
  [[nodiscard]] std::vector<Kind> only() const {
    std::vector<Kind> found;
    for (const auto& event : all) {
      if (const Kind* one = std::get_if<Kind>(&event)) found.push_back(*one);
    }
    return found;
  }
  std::vector<events::Event> all;
};

std::shared_ptr<Keeper> keepEventsOf(Context& sc) {
  auto keeper = std::make_shared<Keeper>();
  const auto rdd = sc.parallelize({1}, 1);
  static_cast<Engine&>(*rdd.runner()).bus().add(EventQueue::start({.name = "keeper"}, keeper));
  return keeper;
}

/// Everything that begins ends, once and later, and what is told of it agrees.
class Checker {
 public:
  void check(const Keeper& keeper) {
    for (const auto& event : keeper.all) {
      CHECK(events::timeOf(event) >= last_);
      last_ = events::timeOf(event);
      std::visit([this](const auto& each) { on(each); }, event);
    }
    CHECK(jobs_.empty());
    CHECK(stages_.empty());
    CHECK(tasks_.empty());
    CHECK(std::holds_alternative<events::ApplicationEnded>(keeper.all.back()));
  }

 private:
  using Attempt = std::pair<StageId, int>;

  void on(const events::JobStarted& event) { CHECK(jobs_.insert(event.job->job).second); }
  void on(const events::JobEnded& event) {
    CHECK(jobs_.erase(event.job->job) == 1);
    CHECK(event.took.count() >= 0);
    CHECK(event.failure.empty() == (event.outcome == events::JobOutcome::kSucceeded));
  }
  void on(const events::StageSubmitted& event) {
    CHECK(stages_.emplace(event.stage->stage, event.stage->attempt).second);
    CHECK_FALSE(event.stage->rdds.empty());
    CHECK(event.figures.num_tasks > 0);
  }
  void on(const events::StageCompleted& event) {
    CHECK(stages_.erase({event.stage->stage, event.stage->attempt}) == 1);
    CHECK(event.took.count() >= 0);
    if (event.outcome == events::StageOutcome::kSucceeded)
      CHECK(event.figures.completed_tasks == event.figures.num_tasks);
  }
  void on(const events::TaskStarted& event) {
    CHECK(stages_.contains({event.task.stage, event.task.stage_attempt}));
    CHECK_FALSE(event.task.host.empty());
    CHECK(tasks_.emplace(event.task.task, event.task).second);
  }
  void on(const events::TaskEnded& event) {
    const auto started = tasks_.extract(event.task.task);
    REQUIRE(started);
    CHECK(started.mapped().partition == event.task.partition);
    CHECK(started.mapped().executor == event.task.executor);
    CHECK(started.mapped().host == event.task.host);
    CHECK((event.failure == nullptr) == (event.outcome == events::TaskOutcome::kSucceeded));
    CHECK(event.took.count() >= 0);
  }
  template <class Event>
  void on(const Event&) {}

  events::WallTime last_;
  std::set<JobId> jobs_;
  std::set<Attempt> stages_;
  std::map<TaskId, events::TaskAttempt> tasks_;
};

/// What fails in the tests below once, on its first try.
int failOnce(int x) {
  const TaskContext& task = *TaskContext::get();
  if (task.partitionId() == 1 && task.attemptNumber() == 0) throw std::runtime_error("the first try fails");
  return x;
}

template <class Infos, class Pick>
auto sumOf(const Infos& all, Pick pick) {
  int64_t sum = 0;
  for (const auto& each : all) sum += pick(each);
  return sum;
}

}  // namespace

TEST_CASE("the events of a job with a shuffle and a failed task are complete and true", "[driver]") {
  for (const char* master : {"local[2,4]", "local-cluster[2,1,512m]"}) {
    INFO("master " << master);
    std::shared_ptr<Keeper> keeper;
    {
      Context sc(testConf(master));
      keeper = keepEventsOf(sc);
      sc.setJobGroup("group", "why");
      auto input = sc.parallelize(numbers(0, 100), 4).setName("input").persist(MEMORY_AND_DISK);
      auto sums = input.map([](int x) { return std::pair(failOnce(x) % 5, x); }).reduceByKey(std::plus<>(), 3);
      CHECK(sums.collect().size() == 5);
      CHECK(sums.count() == 5);  // the map stage is skipped
      input.unpersist(true);
    }
    Checker().check(*keeper);

    const auto jobs = keeper->only<events::JobEnded>();
    REQUIRE(jobs.size() == 2);
    CHECK(jobs[0].outcome == events::JobOutcome::kSucceeded);
    CHECK(jobs[0].job->group == "group");
    CHECK(jobs[0].job->description == "why");
    CHECK(jobs[0].job->num_partitions == 3);
    CHECK_THAT(jobs[0].job->call_site, Catch::StartsWith("collect at job_events_test.cc:"));
    CHECK(jobs[0].stages.size() == 2);
    CHECK(jobs[1].stages.size() == 1);

    const auto started = keeper->only<events::JobStarted>();
    REQUIRE(started.size() == 2);
    for (const auto& job : started) {  // the map stage before the result stage, also where its output exists
      REQUIRE(job.stages.size() == 2);
      CHECK(job.stages[0].stage->shuffle.has_value());
      CHECK(job.stages[0].num_tasks == 4);
      CHECK_FALSE(job.stages[0].stage->rdds.empty());
      CHECK(job.stages[1].num_tasks == 3);
      CHECK(job.stages[1].stage->parents == std::vector{job.stages[0].stage->stage});
      CHECK(job.stages[1].stage->name == job.job->call_site);
    }
    CHECK(started[0].stages[0].stage->stage == jobs[0].stages[0]);
    CHECK(started[0].stages[1].stage->stage == jobs[0].stages[1]);

    const auto stages = keeper->only<events::StageCompleted>();
    REQUIRE(stages.size() == 3);
    const auto& map = stages[0];
    const auto& reduce = stages[1];
    CHECK(map.stage->shuffle);
    CHECK(map.stage->parents.empty());
    CHECK(map.figures.num_tasks == 4);
    CHECK(map.figures.failed_tasks == 1);
    CHECK(map.figures.metrics.shuffle_records_written > 0);
    CHECK_FALSE(reduce.stage->shuffle);
    CHECK(reduce.stage->parents == std::vector<StageId>{map.stage->stage});
    CHECK(reduce.figures.num_tasks == 3);
    CHECK(reduce.figures.failed_tasks == 0);
    const auto skipped = keeper->only<events::StageSkipped>();
    REQUIRE(skipped.size() == 1);
    CHECK(stages[2].stage->parents == std::vector<StageId>{skipped[0].stage});
    CHECK(skipped[0].shuffle == *map.stage->shuffle);

    const auto is_input = [](const auto& rdd) { return rdd.name == "input"; };
    const auto& lineage = map.stage->rdds;
    const auto input = std::find_if(lineage.begin(), lineage.end(), is_input);
    REQUIRE(input != lineage.end());
    CHECK(input->num_partitions == 4);
    CHECK(input->storage == events::StorageUse{.memory = true, .disk = true, .encoded = false, .replicas = 1});
    CHECK(input->parents.empty());
    CHECK_THAT(input->call_site, Catch::StartsWith("parallelize at job_events_test.cc:"));
    CHECK(reduce.stage->rdds.back().num_partitions == 3);
    CHECK(reduce.stage->rdds.back().parents == std::vector<RddId>{lineage.back().rdd});

    const auto tasks = keeper->only<events::TaskEnded>();
    CHECK(tasks.size() == 5 + 3 + 3);
    std::vector<events::TaskEnded> failed;
    for (const auto& task : tasks) {
      if (task.outcome != events::TaskOutcome::kSucceeded) failed.push_back(task);
    }
    REQUIRE(failed.size() == 1);
    CHECK(failed[0].outcome == events::TaskOutcome::kUserException);
    CHECK(failed[0].task.partition == 1);
    CHECK(failed[0].task.attempt == 0);
    CHECK(failed[0].failure->message == "the first try fails");
    CHECK(failed[0].failure->exception_type == "std::runtime_error");
    const auto written = [](const auto& each) { return each.metrics.shuffle_records_written; };
    const auto of_stage = [](const auto& stage) { return stage.figures.metrics.shuffle_records_written; };
    CHECK(sumOf(tasks, written) - failed[0].metrics.shuffle_records_written == sumOf(stages, of_stage));

    std::set<int> cached;
    for (const auto& block : keeper->only<events::BlockUpdated>()) {
      if (block.present && block.rdd == input->rdd) cached.insert(block.partition);
    }
    CHECK(cached == std::set<int>{0, 1, 2, 3});
    REQUIRE(keeper->only<events::RddUnpersisted>().size() >= 1);
    CHECK(keeper->only<events::RddUnpersisted>().front().rdd == input->rdd);
  }
}

TEST_CASE("the events of failed and cancelled jobs say so, and which stage failed why", "[driver]") {
  for (const char* master : {"local[2]", "local-cluster[2,1,512m]"}) {
    INFO("master " << master);
    std::shared_ptr<Keeper> keeper;
    {
      Context sc(testConf(master));
      keeper = keepEventsOf(sc);
      auto broken = sc.parallelize(numbers(0, 10), 2).map([](int x) {
        if (x >= 0) throw std::logic_error("never works");
        return x;
      });
      CHECK_THROWS_AS(broken.count(), JobFailed);
      auto endless = sc.parallelize({1}, 1).map([](int x) {
        while (!TaskContext::get()->isInterrupted()) ::usleep(1'000);
        return x;
      });
      auto cancelled = endless.countAsync();
      while (sc.statusTracker().getActiveStageIds().empty()) ::usleep(1'000);
      cancelled.cancel();
      CHECK_THROWS_AS(cancelled.get(), JobFailed);
      (void)endless.countAsync();  // runs until the Context stops
      while (sc.statusTracker().getActiveStageIds().empty()) ::usleep(1'000);
    }
    Checker().check(*keeper);
    const auto jobs = keeper->only<events::JobEnded>();
    REQUIRE(jobs.size() == 3);
    CHECK(jobs[0].outcome == events::JobOutcome::kFailed);
    CHECK_THAT(jobs[0].failure, Catch::Contains("never works"));
    CHECK(jobs[1].outcome == events::JobOutcome::kCancelled);
    CHECK(jobs[2].outcome != events::JobOutcome::kSucceeded);
    const auto stages = keeper->only<events::StageCompleted>();
    REQUIRE(stages.size() == 3);
    CHECK(stages[0].outcome == events::StageOutcome::kFailed);
    CHECK_THAT(stages[0].failure, Catch::Contains("never works"));
    CHECK(stages[1].outcome == events::StageOutcome::kCancelled);
    CHECK(stages[2].outcome == events::StageOutcome::kCancelled);
  }
}

TEST_CASE("tasks that are lost with their executor have an end", "[driver]") {
  std::shared_ptr<Keeper> keeper;
  {
    Context sc(testConf("local-cluster[2,1,512m]"));
    keeper = keepEventsOf(sc);
    auto sums = sc.parallelize(numbers(0, 100), 4)
                    .map([](int x) { return std::pair(x % 5, x); })
                    .reduceByKey(std::plus<>(), 3)
                    .map([](const std::pair<int, int>& sum) {
                      const TaskContext& task = *TaskContext::get();
                      if (sum.first == 0 && task.stageAttemptNumber() == 0 && task.attemptNumber() == 0)
                        ::raise(SIGKILL);
                      return sum;
                    });
    CHECK(sums.collect().size() == 5);
  }
  Checker().check(*keeper);
  const auto removed = keeper->only<events::ExecutorRemoved>();
  REQUIRE(removed.size() == 1);
  CHECK_FALSE(removed[0].reason.empty());  // the signal, or that others found it gone
  int lost = 0;
  for (const auto& task : keeper->only<events::TaskEnded>()) {
    if (task.outcome != events::TaskOutcome::kExecutorLost) continue;
    ++lost;
    CHECK(task.task.executor == removed[0].executor);
    CHECK(task.failure->message == removed[0].reason);
  }
  CHECK(lost >= 1);
}

TEST_CASE("an application's events begin with itself, its settings without secrets, and its executor", "[driver]") {
  Context sc(testConf("local[1]"));
  const auto keeper = std::make_shared<Keeper>();
  {
    const auto engine = std::make_shared<Engine>(
        sc, testConf("local[3]").setAppName("told").set("cerium.authenticate.secretFile", "/a/secret"));
    engine->bus().add(EventQueue::start({.name = "keeper"}, keeper));
    engine->start();
    engine->stop();
  }
  REQUIRE(keeper->all.size() >= 4);
  const auto started = std::get<events::ApplicationStarted>(keeper->all[0]);
  CHECK(started.name == "told");
  CHECK(started.master == "local[3]");
  CHECK_FALSE(started.id.empty());
  CHECK_FALSE(started.host.empty());
  const auto settings = std::get<events::SettingsKnown>(keeper->all[1]).settings;
  const std::map<std::string, std::string> by_key(settings.begin(), settings.end());
  CHECK(by_key.at("cerium.app.name") == "told");
  CHECK(by_key.at("cerium.authenticate.secretFile") == "(hidden)");
  const auto executor = std::get<events::ExecutorAdded>(keeper->all[2]);
  CHECK(executor.cores == 3);
  CHECK(executor.host == "localhost");
  CHECK(executor.memory_bytes > 0);
  CHECK(std::holds_alternative<events::ApplicationEnded>(keeper->all.back()));
}

TEST_CASE("the figures of tasks say what they read, wrote and used, on each master", "[driver][events]") {
  for (const char* master : {testing::kThreads, testing::kProcesses}) {
    INFO("master " << master);
    testing::TempFolder folder;
    std::shared_ptr<Keeper> keeper;
    {
      Context sc(testConf(master));
      keeper = keepEventsOf(sc);
      sc.parallelize(numbers(0, 1000), 2)
          .map([](int x) { return std::pair(x % 10, x); })
          .reduceByKey(std::plus<>(), 2)
          .saveAsTextFile(folder.path() + "/out");
    }
    TaskMetrics sum;
    for (const auto& ended : keeper->only<events::TaskEnded>()) sum += ended.metrics;
    CHECK(sum.shuffle_records_written == 20);  // ten keys from each of the two map tasks
    CHECK(sum.shuffle_records_read == 20);
    CHECK(sum.shuffle_bytes_read >= 20 * 8);
    CHECK(sum.local_blocks_read + sum.remote_blocks_read == 4);
    CHECK(sum.records_written == 10);
    CHECK(sum.bytes_written > 10 * 5);
    CHECK(sum.cpu_micros > 0);
    CHECK(sum.cpu_micros <= 2 * sum.run_micros + 1000);  // two clocks
    CHECK(sum.peak_memory_bytes > 0);
    CHECK((sum.decode_micros > 0) == (std::string(master) == testing::kProcesses));
  }
}

}  // namespace cerium
