// Cerium. Licensed under the Apache License 2.0.
// One rule of the task scheduler per test. tests/driver/scheduler/simulation_test.cc puts them all under load together.
#include "driver/scheduler/task_scheduler.h"

#include <catch2/catch.hpp>
#include <chrono>
#include <cstdio>
#include <deque>
#include <map>
#include <set>

#include "tests/support/fake_node.h"

namespace cerium {
namespace {

using test::only;
using Task = tasks::Launch::Task;
using Kind = Failure::Kind;

/// A scheduler that is checked after each event, with short names for the events.
struct Bench {
  explicit Bench(TaskScheduler::Options options = {}) : scheduler(options) {}

  TaskScheduler scheduler;
  Millis now = 0;

  tasks::Instructions checked(tasks::Instructions out) {
    REQUIRE(scheduler.checkInvariants() == "");
    return out;
  }
  tasks::Instructions add(int64_t executor, int cores) {
    return checked(scheduler.executorAdded(ExecutorId(executor), "h" + std::to_string(executor), cores, now));
  }
  static dag::SubmitTasks tasksOf(int64_t stage, int count, int attempt = 0) {
    dag::SubmitTasks set;
    set.stage = {StageId(stage), attempt};
    set.job = JobId(0);
    for (int p = 0; p < count; ++p) set.partitions.push_back(p);
    return set;
  }
  tasks::Instructions submit(const dag::SubmitTasks& set) { return checked(scheduler.submit(set, now)); }
  tasks::Instructions submit(int64_t stage, int count) { return submit(tasksOf(stage, count)); }
  tasks::Instructions succeed(TaskId task) { return checked(scheduler.succeeded(task, now)); }
  tasks::Instructions fail(TaskId task, Kind kind = Kind::kUserException) {
    Failure failure;
    failure.kind = kind;
    failure.message = "bad record";
    return checked(scheduler.failed(task, failure, now));
  }
  tasks::Instructions lose(int64_t executor, const std::vector<TaskId>& guilty = {}) {
    Failure failure;
    failure.kind = guilty.empty() ? Kind::kExecutorLost : Kind::kCrash;
    failure.message = "killed by signal 11";
    return checked(scheduler.executorLost(ExecutorId(executor), failure, guilty, now));
  }
  tasks::Instructions tick(Millis later) {
    now += later;
    return checked(scheduler.tick(now));
  }
  size_t held(int64_t executor) const { return scheduler.runningOn(ExecutorId(executor)).size(); }
};

std::vector<Task> launched(const tasks::Instructions& out) {
  std::vector<Task> all;
  for (const auto& launch : only<tasks::Launch>(out)) all.insert(all.end(), launch.tasks.begin(), launch.tasks.end());
  return all;
}

Task theOne(const tasks::Instructions& out) {
  const auto all = launched(out);
  REQUIRE(all.size() == 1);
  return all.front();
}

ExecutorId executorOf(const Bench& bench, const Task& task) { return bench.scheduler.find(task.id)->executor; }

TaskScheduler::Options without(void (*change)(TaskScheduler::Options&)) {
  TaskScheduler::Options options;
  change(options);
  return options;
}

}  // namespace

TEST_CASE("the next attempt of a stage may name other partitions, in any order", "[driver]") {
  Bench b;
  b.add(0, 16);
  auto set = Bench::tasksOf(1, 0);
  set.partitions = {5, 3, 9};
  std::map<int, TaskId> first;
  for (const Task& task : launched(b.submit(set))) first[task.partition] = task.id;
  REQUIRE(first.size() == 3);
  b.succeed(first[3]);
  b.fail(first[5], Kind::kFetchFailed);
  set.stage.attempt = 1;
  set.partitions = {9, 10, 3, 5, 4};  // 9 runs, 3 was done and its output is lost
  std::map<int, int> attempts;
  for (const Task& task : launched(b.submit(set))) attempts[task.partition] = task.attempt;
  CHECK(attempts == std::map<int, int>{{3, 1}, {4, 0}, {5, 1}, {10, 0}});
}

TEST_CASE("tasks spread evenly over executors, in one message each", "[driver]") {
  Bench b;
  for (int e = 0; e < 4; ++e) b.add(e, 4);
  const auto out = b.submit(0, 8);
  CHECK(only<tasks::Launch>(out).size() == 4);
  for (int e = 0; e < 4; ++e) CHECK(b.held(e) == 2);
  CHECK(b.scheduler.totalCores() == 16);
}

TEST_CASE("single tasks go to one executor after the other", "[driver]") {
  Bench b;
  for (int e = 0; e < 4; ++e) b.add(e, 4);
  for (int stage = 0; stage < 4; ++stage) b.submit(stage, 1);
  for (int e = 0; e < 4; ++e) CHECK(b.held(e) == 1);
}

TEST_CASE("tasks wait for cores, and the text says so", "[driver]") {
  Bench b;
  CHECK(launched(b.submit(3, 6)).empty());
  CHECK_THAT(b.scheduler.explainWaiting(0), Catch::Contains("stage 3: 6 tasks wait for an executor; none is there"));
  const auto first = launched(b.add(0, 4));
  CHECK(first.size() == 4);
  CHECK(b.scheduler.pendingTasks() == 2);
  CHECK_THAT(b.scheduler.explainWaiting(0),
             Catch::Contains("stage 3: 2 tasks wait for a free core; 1 executors, 4 cores, all busy"));
  CHECK(theOne(b.succeed(first[0].id)).partition == 4);
  CHECK(b.scheduler.find(first[0].id) == nullptr);
}

TEST_CASE("late, doubled and unknown ends are ignored", "[driver]") {
  Bench b;
  b.add(0, 1);
  const auto task = theOne(b.submit(0, 2));
  CHECK(launched(b.succeed(task.id)).size() == 1);
  CHECK(b.succeed(task.id).empty());
  CHECK(b.fail(task.id).empty());
  CHECK(b.succeed(TaskId(99)).empty());
  CHECK(b.lose(99).empty());
}

TEST_CASE("a task goes to the executor that caches its input", "[driver]") {
  Bench b;
  b.add(0, 2);
  b.add(1, 2);
  auto set = Bench::tasksOf(0, 4);
  set.locations = {{ExecutorId(1)}, {ExecutorId(0)}, {ExecutorId(1)}, {ExecutorId(0)}};
  for (const Task& task : launched(b.submit(set))) CHECK(executorOf(b, task) == set.locations[task.partition][0]);
}

TEST_CASE("a task waits a moment for its cached input, and no longer", "[driver]") {
  Bench b;
  b.add(0, 1);
  b.add(1, 1);
  auto set = Bench::tasksOf(0, 3);
  set.locations = {{ExecutorId(0)}, {ExecutorId(0)}, {ExecutorId(1)}};
  const auto first = launched(b.submit(set));
  REQUIRE(first.size() == 2);
  CHECK(executorOf(b, first[0]) == ExecutorId(0));
  CHECK(executorOf(b, first[1]) == ExecutorId(1));
  CHECK(launched(b.succeed(first[1].id)).empty());

  SECTION("the executor is soon free") {
    b.now = 5;
    CHECK(executorOf(b, theOne(b.succeed(first[0].id))) == ExecutorId(0));
  }
  SECTION("the executor stays busy") { CHECK(executorOf(b, theOne(b.tick(100))) == ExecutorId(1)); }
  SECTION("the executor is lost") { CHECK(executorOf(b, launched(b.lose(0)).at(0)) == ExecutorId(1)); }
}

TEST_CASE("tasks known to be long do not wait for a busy executor, short ones do", "[driver]") {
  Bench b;
  b.add(0, 1);
  auto set = Bench::tasksOf(0, 10);
  set.locations.assign(10, {ExecutorId(0)});
  const Millis duration = GENERATE(1, 100);
  auto running = launched(b.submit(set));
  for (int i = 0; i < 3; ++i) {
    b.now += duration;
    running = launched(b.succeed(running.at(0).id));
  }
  b.add(1, 1);
  CHECK(b.held(1) == (duration == 100 ? 1 : 0));
}

TEST_CASE("an executor that caches nothing takes its share of what another caches", "[driver]") {
  Bench b;
  b.add(0, 1);
  b.add(1, 1);
  auto set = Bench::tasksOf(0, 2);
  set.locations.assign(2, {ExecutorId(0)});
  set.inputs.assign(2, RddId(5));
  const auto first = launched(b.submit(set));  // at once: who has nothing waits for nothing
  REQUIRE(first.size() == 2);
  CHECK(executorOf(b, first[0]) == ExecutorId(0));
  CHECK(executorOf(b, first[1]) == ExecutorId(1));
  const int moved = first[1].partition;
  for (const Task& task : first) b.succeed(task.id);

  auto again = Bench::tasksOf(1, 2);
  again.locations = set.locations;
  again.inputs = set.inputs;

  SECTION("the block stayed where it went, and both run what they hold") {
    again.locations[static_cast<size_t>(moved)].push_back(ExecutorId(1));
    for (int64_t stage = 1; stage < 5; ++stage) {
      again.stage = {StageId(stage), 0};
      const auto tasks = launched(b.submit(again));
      REQUIRE(tasks.size() == 2);
      for (const Task& task : tasks) CHECK(executorOf(b, task) == ExecutorId(task.partition == moved ? 1 : 0));
      for (const Task& task : tasks) b.succeed(task.id);
    }
  }
  SECTION("the block was not kept, so it is not fetched again") {
    CHECK(executorOf(b, theOne(b.submit(again))) == ExecutorId(0));
  }
  SECTION("a new executor is given the same chance") {
    b.lose(1);
    b.add(2, 1);
    CHECK(launched(b.submit(again)).size() == 2);
    CHECK(b.held(2) == 1);
  }
}

TEST_CASE("what is cached moves only where each executor has less to do afterwards", "[driver]") {
  Bench b;
  const auto submitHeld = [&](int by_first, int by_second) {
    auto set = Bench::tasksOf(0, by_first + by_second);
    for (int p = 0; p < by_first + by_second; ++p) set.locations.push_back({ExecutorId(p < by_first ? 0 : 1)});
    return launched(b.submit(set));
  };
  SECTION("three and two") {
    b.add(0, 1);
    b.add(1, 1);
    auto tasks = submitHeld(3, 2);
    for (int i = 0; i < 2; ++i) {  // the second executor runs its own
      REQUIRE(executorOf(b, tasks.back()) == ExecutorId(1));
      tasks = launched(b.succeed(tasks.back().id));
    }
    CHECK(tasks.empty());
  }
  SECTION("two on two cores") {
    b.add(0, 2);
    b.add(1, 2);
    CHECK(submitHeld(2, 0).size() == 2);
    CHECK(b.held(0) == 2);
  }
  SECTION("eight, over twice as many cores") {
    b.add(0, 2);
    b.add(1, 4);
    const auto tasks = submitHeld(8, 0);
    CHECK(b.held(0) == 2);
    CHECK(b.held(1) == 4);
    for (const Task& task : tasks) {
      if (executorOf(b, task) == ExecutorId(1)) b.succeed(task.id);
    }
    CHECK(b.held(1) == 1);  // five of eight, for four of six cores
  }
}

TEST_CASE("of what two executors hold each runs its share", "[driver]") {
  Bench b;
  b.add(0, 2);
  b.add(1, 2);
  auto set = Bench::tasksOf(0, 4);
  const ExecutorId first(0), second(1);
  set.locations = {{first, second}, {first}, {first, second}, {first}};
  const auto tasks = launched(b.submit(set));
  REQUIRE(tasks.size() == 4);
  for (const Task& task : tasks) CHECK(executorOf(b, task) == (task.partition % 2 == 1 ? first : second));
}

TEST_CASE("a task prefers the host of its input but never waits for it", "[driver]") {
  Bench b;
  b.add(0, 1);
  b.add(1, 1);
  auto set = Bench::tasksOf(0, 2);
  set.hosts = {{"h1"}, {"h1"}};
  CHECK(launched(b.submit(set)).size() == 2);
}

TEST_CASE("a task prefers the executor that holds most of its shuffle input but never waits for it", "[driver]") {
  Bench b;
  b.add(0, 1);
  b.add(1, 1);
  auto set = Bench::tasksOf(0, 3);
  SECTION("the others leave it to the executor") {
    set.near = {ExecutorId(), ExecutorId(), ExecutorId(1)};
    const auto tasks = launched(b.submit(set));
    REQUIRE(tasks.size() == 2);
    for (const Task& task : tasks) CHECK(executorOf(b, task) == ExecutorId(task.partition == 2 ? 1 : 0));
    CHECK(theOne(b.succeed(tasks[0].id)).partition == 1);
  }
  SECTION("a free executor takes it when nothing else is left") {
    set.near = {ExecutorId(1), ExecutorId(1), ExecutorId(1)};
    CHECK(launched(b.submit(set)).size() == 2);
  }
}

TEST_CASE("a task that failed is tried elsewhere, up to four times", "[driver]") {
  Bench b;
  for (int e = 0; e < 5; ++e) b.add(e, 1);
  Task task = theOne(b.submit(7, 1));
  std::set<ExecutorId> seen;
  for (int attempt = 0; attempt < 3; ++attempt) {
    CHECK(task.attempt == attempt);
    CHECK(seen.insert(executorOf(b, task)).second);
    task = theOne(b.fail(task.id));
  }
  const ExecutorId last = executorOf(b, task);
  const auto out = b.fail(task.id);
  const auto given_up = only<tasks::GiveUp>(out);
  REQUIRE(given_up.size() == 1);
  CHECK(given_up[0].stage == StageRef{StageId(7), 0});
  CHECK(given_up[0].failure.attempts == 4);
  CHECK(given_up[0].failure.partition == 0);
  CHECK(given_up[0].failure.message == "bad record");
  CHECK(given_up[0].failure.executor == last);
  CHECK(b.scheduler.pendingTasks() == 0);
}

TEST_CASE("with one executor a failed task is tried there again", "[driver]") {
  Bench b;
  b.add(0, 1);
  const auto task = theOne(b.submit(0, 1));
  CHECK(theOne(b.fail(task.id)).attempt == 1);
}

TEST_CASE("a stage that is given up takes its other tasks with it", "[driver]") {
  Bench b(without([](auto& o) { o.max_task_failures = 1; }));
  b.add(0, 2);
  const auto all = launched(b.submit(0, 3));
  const auto out = b.fail(all[0].id);
  CHECK(only<tasks::GiveUp>(out).size() == 1);
  CHECK(only<tasks::Kill>(out).at(0).task == all[1].id);
  CHECK(launched(b.submit(1, 2)).size() == 1);  // the killed one holds its core...
  CHECK(b.scheduler.find(all[1].id)->killed);
  CHECK(launched(b.fail(all[1].id, Kind::kKilled)).size() == 1);  // ...until it has ended
}

TEST_CASE("tasks of a lost executor run elsewhere, only the guilty count as tries", "[driver]") {
  Bench b(without([](auto& o) { o.max_task_failures = 2; }));
  b.add(0, 2);
  auto all = launched(b.submit(0, 2));
  for (int loss = 0; loss < 5; ++loss) {
    b.lose(loss);
    all = launched(b.add(loss + 1, 2));
    REQUIRE(all.size() == 2);
  }
  CHECK(only<tasks::GiveUp>(b.lose(5, {all[0].id})).empty());
  all = launched(b.add(6, 2));
  const auto given_up = only<tasks::GiveUp>(b.lose(6, {all[0].id, all[1].id}));
  REQUIRE(given_up.size() == 1);
  CHECK(given_up[0].failure.kind == Kind::kCrash);
  CHECK(given_up[0].failure.message == "killed by signal 11");
  CHECK(given_up[0].failure.attempts == 2);
}

TEST_CASE("after a crash for which nobody is named all tasks that had begun count as tried", "[driver]") {
  Bench b(without([](auto& options) { options.max_task_failures = 1; }));
  b.add(0, 1);
  Task running = theOne(b.submit(0, 1'000));
  while (b.held(0) == 1) running = launched(b.succeed(running.id)).front();
  REQUIRE(b.held(0) > 10);  // short tasks are sent ahead
  Failure failure;
  failure.kind = Kind::kCrash;
  const auto given_up = only<tasks::GiveUp>(b.checked(b.scheduler.executorLost(ExecutorId(0), failure, {}, b.now)));
  REQUIRE(given_up.size() == 1);
  CHECK(given_up[0].failure.partition == running.partition);
}

TEST_CASE("after a crash tasks that waited for a core do not count as tried", "[driver]") {
  Bench b(without([](auto& options) { options.max_task_failures = 2; }));
  b.add(0, 1);
  Task running = theOne(b.submit(0, 1'000));
  while (b.held(0) == 1) running = launched(b.succeed(running.id)).front();
  const int suspect = running.partition;
  Failure crash;
  crash.kind = Kind::kCrash;
  b.checked(b.scheduler.executorLost(ExecutorId(0), crash, {}, b.now));
  std::deque<Task> all;
  for (const Task& task : launched(b.add(1, 1))) all.push_back(task);
  while (all.front().attempt == 0 || all.front().partition == suspect) {
    for (const Task& task : launched(b.succeed(all.front().id))) all.push_back(task);
    all.pop_front();
  }
  // One that waited the first time runs when its executor dies the second time.
  CHECK(only<tasks::GiveUp>(b.checked(b.scheduler.executorLost(ExecutorId(1), crash, {}, b.now))).empty());
}

TEST_CASE("a task does not lose executors for ever, even where nobody can blame it", "[driver]") {
  Bench b(without([](auto& options) { options.max_executors_lost = 3; }));
  b.submit(0, 1);
  for (int64_t e = 0; e < 3; ++e) {
    REQUIRE(launched(b.add(e, 1)).size() == 1);
    const auto given_up = only<tasks::GiveUp>(b.lose(e));
    CHECK(given_up.size() == (e < 2 ? 0 : 1));
    if (!given_up.empty()) CHECK(given_up[0].failure.attempts == 3);
  }
}

TEST_CASE("a task that cannot reach its input is tried elsewhere, and its executor is not excluded", "[driver]") {
  Bench b(without([](auto& options) { options.exclude_after_failures = 1; }));
  b.add(0, 1);
  const Task task = theOne(b.submit(0, 1));
  b.add(1, 1);
  const Task again = theOne(b.fail(task.id, Kind::kUnreachable));
  CHECK(executorOf(b, again) == ExecutorId(1));
  CHECK(again.attempt == 1);
  CHECK(executorOf(b, theOne(b.submit(1, 1))) == ExecutorId(0));
}

TEST_CASE("a host that others do not reach gets no tasks for a while, nor does what comes there", "[driver]") {
  Bench b;
  const auto addAt = [&](int64_t id, const char* host) {
    return launched(b.checked(b.scheduler.executorAdded(ExecutorId(id), host, 1, b.now)));
  };
  addAt(0, "far");
  addAt(1, "near");
  b.checked(b.scheduler.excludeHost("far", b.now));
  addAt(2, "far");
  REQUIRE(executorOf(b, theOne(b.submit(0, 2))) == ExecutorId(1));
  SECTION("until the time is over") {
    b.now += TaskScheduler::Options{}.exclude_ms;
    CHECK(launched(b.checked(b.scheduler.tick(b.now))).size() == 1);
    addAt(3, "far");
    CHECK(launched(b.submit(1, 2)).size() == 2);
  }
  SECTION("unless no other is left") {
    b.lose(1);
    CHECK(b.held(0) + b.held(2) == 2);
  }
  SECTION("unless all hosts are excluded: then the waiting tasks start at once") {
    CHECK(launched(b.checked(b.scheduler.excludeHost("near", b.now))).size() == 1);
  }
}

TEST_CASE("executors that are excluded get work at once when all others leave", "[driver]") {
  Bench b(without([](auto& options) { options.exclude_after_failures = 1; }));
  b.add(0, 1);
  const Task task = theOne(b.submit(0, 1));
  b.add(1, 1);
  const Task again = theOne(b.fail(task.id));
  REQUIRE(executorOf(b, again) == ExecutorId(1));
  b.succeed(again.id);
  REQUIRE(executorOf(b, theOne(b.submit(1, 2))) == ExecutorId(1));
  CHECK(executorOf(b, theOne(b.scheduler.executorLeaving(ExecutorId(1), b.now))) == ExecutorId(0));
}

TEST_CASE("an executor where different tasks fail gets no more for a while", "[driver]") {
  Bench b;
  b.add(0, 3);
  const auto all = launched(b.submit(0, 3));
  b.add(1, 1);
  for (const Task& task : all) b.fail(task.id);
  CHECK(b.held(0) == 0);
  CHECK(b.held(1) == 1);
  CHECK_THAT(b.scheduler.explainWaiting(b.now), Catch::Contains("1 executors are excluded"));

  SECTION("until the time has passed") {
    CHECK(launched(b.submit(1, 2)).empty());
    CHECK(launched(b.tick(59'999)).empty());
    CHECK(launched(b.tick(1)).size() == 2);
  }
  SECTION("unless no other executor is left") { CHECK(launched(b.lose(1)).size() == 3); }
}

TEST_CASE("failures far apart do not exclude an executor", "[driver]") {
  Bench b;
  b.add(0, 3);
  const auto all = launched(b.submit(0, 3));
  b.add(1, 1);
  for (const Task& task : all) {
    b.tick(60'000);
    b.fail(task.id);
  }
  CHECK(launched(b.submit(1, 2)).size() == 2);
}

TEST_CASE("a fetch failure is neither counted nor retried before the next attempt", "[driver]") {
  Bench b(without([](auto& o) { o.max_task_failures = 1; }));
  b.add(0, 2);
  const auto all = launched(b.submit(0, 4));
  CHECK(b.fail(all[0].id, Kind::kFetchFailed).empty());
  CHECK(b.scheduler.pendingTasks() == 0);

  SECTION("the next attempt leaves what still runs alone") {
    const auto next = launched(b.submit(Bench::tasksOf(0, 4, 1)));
    REQUIRE(next.size() == 1);
    CHECK(next[0].stage.attempt == 1);
    CHECK(b.scheduler.pendingTasks() == 2);
    // What the first attempt left behind fails: it belongs to the second by now, and runs again.
    b.fail(all[1].id, Kind::kFetchFailed);
    CHECK(b.scheduler.pendingTasks() == 2);
    CHECK(b.held(0) == 2);
  }
  SECTION("a task that ended meanwhile is done") {
    CHECK(b.succeed(all[1].id).empty());
    auto rest = Bench::tasksOf(0, 4, 1);
    rest.partitions = {0, 2, 3};
    CHECK(launched(b.submit(rest)).size() == 2);
  }
}

TEST_CASE("a later attempt runs again what was done before its output was lost", "[driver]") {
  Bench b;
  b.add(0, 2);
  const auto all = launched(b.submit(0, 2));
  b.succeed(all[0].id);
  auto lost = Bench::tasksOf(0, 1, 1);
  CHECK(theOne(b.submit(lost)).partition == 0);
  CHECK(b.held(0) == 2);
}

TEST_CASE("cancelling a stage kills what runs and forgets what waits", "[driver]") {
  Bench b;
  b.add(0, 1);
  const auto task = theOne(b.submit(0, 3));
  const auto out = b.checked(b.scheduler.cancel({StageId(0), 0}, "job cancelled", b.now));
  CHECK(only<tasks::Kill>(out).at(0).reason == "job cancelled");
  CHECK(b.scheduler.pendingTasks() == 0);
  CHECK(b.succeed(task.id).empty());
  CHECK(b.held(0) == 0);
}

TEST_CASE("a task far slower than most gets a copy elsewhere, the first to end wins", "[driver]") {
  Bench b;
  b.add(0, 2);
  b.add(1, 2);
  const auto all = launched(b.submit(0, 4));
  for (int i = 0; i < 3; ++i) b.succeed(all[i].id);
  CHECK(launched(b.tick(900)).empty());
  const auto copy = theOne(b.tick(200));
  CHECK(copy.speculative);
  CHECK(copy.partition == all[3].partition);
  CHECK(executorOf(b, copy) != executorOf(b, all[3]));
  CHECK(launched(b.tick(5'000)).empty());  // two are enough

  SECTION("the copy wins") { CHECK(only<tasks::Kill>(b.succeed(copy.id)).at(0).task == all[3].id); }
  SECTION("the original wins") { CHECK(only<tasks::Kill>(b.succeed(all[3].id)).at(0).task == copy.id); }
  SECTION("one fails, the other goes on") {
    CHECK(launched(b.fail(all[3].id)).empty());
    CHECK(only<tasks::Kill>(b.succeed(copy.id)).empty());
  }
}

TEST_CASE("no copies start before most tasks of the stage have ended", "[driver]") {
  Bench b;
  b.add(0, 2);
  b.add(1, 2);
  b.add(2, 2);
  const auto all = launched(b.submit(0, 4));
  for (int i = 0; i < 2; ++i) b.succeed(all[i].id);
  CHECK(launched(b.tick(10'000)).empty());
}

TEST_CASE("a lone executor gets no copies of its own tasks", "[driver]") {
  Bench b;
  b.add(0, 4);
  const auto all = launched(b.submit(0, 4));
  for (int i = 0; i < 3; ++i) b.succeed(all[i].id);
  CHECK(launched(b.tick(10'000)).empty());
}

TEST_CASE("earlier jobs go first, and inside a job earlier stages", "[driver]") {
  Bench b;
  auto set = [](int64_t stage, int64_t job) {
    auto tasks = Bench::tasksOf(stage, 1);
    tasks.job = JobId(job);
    return tasks;
  };
  b.submit(set(5, 1));
  b.submit(set(4, 1));
  b.submit(set(6, 0));
  std::vector<int64_t> order;
  Task task = theOne(b.add(0, 1));
  for (;;) {
    order.push_back(task.stage.id.value);
    const auto next = launched(b.succeed(task.id));
    if (next.empty()) break;
    task = next.at(0);
  }
  CHECK(order == std::vector<int64_t>{6, 4, 5});
}

TEST_CASE("fair pools share cores by weight once their minimum is met", "[driver]") {
  Bench b(without([](auto& o) { o.fair = true; }));
  b.scheduler.setPool("heavy", 3, 0);
  b.scheduler.setPool("needy", 1, 8);
  const std::vector<std::string> pools = {"light", "heavy", "needy"};
  for (size_t i = 0; i < pools.size(); ++i) {
    auto set = Bench::tasksOf(static_cast<int64_t>(i), 50);
    set.job = JobId(static_cast<int64_t>(i));
    set.pool = pools[i];
    b.submit(set);
  }
  std::map<int64_t, int> share;
  for (const Task& task : launched(b.add(0, 4))) ++share[task.stage.id.value];
  CHECK(share[2] == 4);
  for (const Task& task : launched(b.add(1, 16))) ++share[task.stage.id.value];
  CHECK(share[2] == 8);
  CHECK(share[0] == 3);
  CHECK(share[1] == 9);
}

TEST_CASE("short tasks are sent ahead in batches, long ones are not", "[driver]") {
  Bench b;
  b.add(0, 2);
  const Millis duration = GENERATE(0, 30);
  std::deque<Task> running;
  for (const Task& task : launched(b.submit(0, 1'000))) running.push_back(task);
  size_t most = 0;
  size_t messages = 0;
  while (!running.empty()) {
    b.now += duration;
    const auto out = b.succeed(running.front().id);
    running.pop_front();
    messages += only<tasks::Launch>(out).size();
    for (const Task& task : launched(out)) running.push_back(task);
    most = std::max(most, b.held(0));
  }
  if (duration == 0) {
    CHECK(most > 100);
    CHECK(messages < 100);
  } else {
    CHECK(most == 2);
  }
}

TEST_CASE("tasks are not sent ahead to cores that are all busy with another stage", "[driver]") {
  Bench b;
  b.add(0, 2);
  auto shorts = Bench::tasksOf(1, 1'000);
  shorts.job = JobId(1);
  auto running = launched(b.submit(shorts));
  b.submit(0, 6);  // of an earlier job, and its tasks take long
  b.succeed(running[0].id);
  b.succeed(running[1].id);
  CHECK(b.held(0) == 2);
  b.add(1, 1);
  for (int round = 0; round < 10; ++round) {  // the other executor finds out how short they are
    for (const RunningTask& task : b.scheduler.runningOn(ExecutorId(1))) b.succeed(task.id);
  }
  b.tick(100);
  CHECK(b.held(0) == 2);
  CHECK(b.held(1) > 1);
}

TEST_CASE("tasks are not sent ahead behind the long task of another stage", "[driver]") {
  Bench b;
  b.add(0, 2);
  const auto slow = theOne(b.submit(0, 1));
  std::deque<Task> running;
  for (const Task& task : launched(b.submit(1, 100))) running.push_back(task);
  while (!running.empty()) {
    for (const Task& task : launched(b.succeed(running.front().id))) running.push_back(task);
    running.pop_front();
  }
  CHECK(b.scheduler.pendingTasks() == 0);
  CHECK(b.scheduler.find(slow.id) != nullptr);
}

TEST_CASE("the tasks of a barrier stage start together or not at all", "[driver]") {
  Bench b;
  b.add(0, 2);
  auto gang = Bench::tasksOf(1, 4);
  gang.barrier = true;

  SECTION("they wait for enough free cores, and nobody overtakes them then") {
    b.add(1, 2);
    const auto first = theOne(b.submit(0, 1));
    CHECK(launched(b.submit(gang)).empty());
    CHECK(launched(b.submit(2, 1)).empty());
    CHECK(launched(b.succeed(first.id)).size() == 4);
    CHECK(b.scheduler.pendingTasks() == 1);
  }
  SECTION("cores that it does not need are given out as soon as it starts") {
    const auto first = launched(b.submit(0, 2));
    b.add(1, 3);
    CHECK(launched(b.submit(gang)).empty());
    CHECK(launched(b.submit(2, 1)).empty());
    b.scheduler.beginBatch();
    for (const Task& task : first) b.scheduler.succeeded(task.id, b.now);
    CHECK(launched(b.checked(b.scheduler.endBatch(b.now))).size() == 5);
    CHECK(b.scheduler.pendingTasks() == 0);
  }
  SECTION("too few cores for good end the stage with the numbers") {
    CHECK(launched(b.submit(gang)).empty());
    CHECK(launched(b.submit(2, 1)).size() == 1);  // others need not wait for it
    CHECK(only<tasks::GiveUp>(b.tick(9'000)).empty());
    const auto given_up = only<tasks::GiveUp>(b.tick(1'000));
    REQUIRE(given_up.size() == 1);
    CHECK_THAT(given_up[0].failure.message, Catch::Contains("barrier stage needs 4 cores; 2 are there"));
  }
  SECTION("one failure starts all of them over, and the fourth ends the stage") {
    b.add(1, 2);
    auto all = launched(b.submit(gang));
    for (int failure = 1; failure <= 3; ++failure) {
      REQUIRE(all.size() == 4);
      CHECK(only<tasks::Kill>(b.fail(all[0].id)).size() == 3);
      CHECK(launched(b.fail(all[1].id, Kind::kKilled)).empty());
      CHECK(launched(b.succeed(all[2].id)).empty());  // too late to count
      all = launched(b.fail(all[3].id, Kind::kKilled));
    }
    const auto given_up = only<tasks::GiveUp>(b.fail(all[0].id));
    REQUIRE(given_up.size() == 1);
    CHECK(given_up[0].failure.attempts == 4);
  }
  SECTION("a task that was done runs again with the others") {
    b.add(1, 2);
    const auto all = launched(b.submit(gang));
    b.succeed(all[0].id);
    CHECK(only<tasks::Kill>(b.fail(all[1].id)).size() == 2);
    CHECK(b.scheduler.pendingTasks() == 4);
  }
  SECTION("a fetch failure kills all and leaves the rest to the next attempt") {
    b.add(1, 2);
    const auto all = launched(b.submit(gang));
    CHECK(only<tasks::Kill>(b.fail(all[0].id, Kind::kFetchFailed)).size() == 3);
    CHECK(b.scheduler.pendingTasks() == 0);
    gang.stage.attempt = 1;
    b.submit(gang);
    CHECK(b.scheduler.pendingTasks() == 4);
  }
}

TEST_CASE("a hundred thousand tasks cost the scheduler little", "[driver][.bench]") {
  constexpr int kTasks = 100'000;
  const int executors = GENERATE(10, 1'000);
  TaskScheduler scheduler(TaskScheduler::Options{});
  for (int e = 0; e < executors; ++e) scheduler.executorAdded(ExecutorId(e), "h", 4, 0);
  const auto start = std::chrono::steady_clock::now();
  std::deque<TaskId> running;
  const auto collect = [&](const tasks::Instructions& out) {
    for (const Task& task : launched(out)) running.push_back(task.id);
  };
  collect(scheduler.submit(Bench::tasksOf(0, kTasks), 0));
  int ended = 0;
  for (; !running.empty(); ++ended) {
    const TaskId task = running.front();
    running.pop_front();
    collect(scheduler.succeeded(task, ended / 1'000));
  }
  const std::chrono::duration<double, std::micro> took = std::chrono::steady_clock::now() - start;
  CHECK(ended == kTasks);
  std::printf("%d executors: %.2f us a task\n", executors, took.count() / kTasks);
}

}  // namespace cerium
