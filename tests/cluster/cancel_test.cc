// Cerium. Licensed under the Apache License 2.0.
// Tasks that do not stop when they are told to: what they cost, and that other tasks are not affected.
#include <unistd.h>

#include <atomic>
#include <catch2/catch.hpp>
#include <string>

#include "tests/support/processes.h"
#include "tests/support/stderr_file.h"

namespace cerium {
namespace {

using namespace testing;

#ifdef __SANITIZE_THREAD__  // it delivers no signal to a loop without calls
constexpr bool kLoopsTellWhere = false;
#else
constexpr bool kLoopsTellWhere = true;
#endif

const char* const kMasters[] = {"local[2]", "local-cluster[2,1,512m]"};

// Seen by the tasks of this process only; tasks of an executor process hang until it ends.
std::atomic<bool> g_over{false};
std::atomic<int> g_came_back{0};
std::atomic<int> g_never_written{-1};

/// Its destructor ends the hangs in this process and waits until the `tasks` that were given up have come back.
struct HangsUntilTheEnd {
  explicit HangsUntilTheEnd(int tasks) : tasks_(tasks) {
    g_over = false;
    g_came_back = 0;
  }
  ~HangsUntilTheEnd() { end(); }
  void end() {
    g_over = true;
    CHECK(eventually([this] { return g_came_back >= tasks_; }));
  }
  const int tasks_;
};

/// Marks that the task for `x` is in its function.
void mark(int64_t x, const std::string& marks) { std::ofstream(marks + "/" + std::to_string(x)) << "here"; }

[[gnu::noinline]] int64_t loopsForEver(int64_t x, const std::string& marks) {
  mark(x, marks);
  while (!g_over) {
  }
  ++g_came_back;
  return x;
}
[[gnu::noinline]] int64_t readsForEver(int64_t x, const std::string& marks) {
  int ends[2];
  if (::pipe(ends) != 0) return x;
  g_never_written = ends[1];
  mark(x, marks);
  char byte;
  while (::read(ends[0], &byte, 1) < 0) {
  }
  ::close(ends[0]);
  ++g_came_back;
  return x;
}

const auto loops = [](int64_t x, const std::string& marks) { return loopsForEver(x, marks); };

Conf impatient(const std::string& master, const TempFolder& folder) {
  return clusterConf(master, folder).set("cerium.logLevel", "WARN").set("cerium.task.reaper.killTimeout", "500ms");
}

/// Waits until the tasks for 0, 1, ... are in their function.
bool run(int tasks, const TempFolder& marks) {
  return eventually([&] {
    for (int x = 0; x < tasks; ++x) {
      if (::access((marks / std::to_string(x)).c_str(), F_OK) != 0) return false;
    }
    return true;
  });
}

/// A job that needs two cores at the same time.
int64_t pairOfTasks(Context& sc) { return throughBarrier(sc.range(0, 2, 1, 2)).count(); }

}  // namespace

TEST_CASE("cancelled tasks in an endless loop do not keep their cores", "[cluster][fault][cancel]") {
  for (const std::string master : kMasters) {
    INFO(master);
    const bool is_local = master.starts_with("local[");
    TempFolder folder;
    const StderrFile log(folder / "stderr");
    HangsUntilTheEnd hangs(is_local ? 2 : 0);
    Context sc(impatient(master, folder));
    auto recorder = std::make_shared<Recorder>();
    sc.addListener(recorder);
    auto job = sc.range(0, 2, 1, 2).map(loops, folder.path()).countAsync();
    REQUIRE(run(2, folder));
    job.cancel();
    CHECK_THROWS_AS(job.get(), JobFailed);
    CHECK(pairOfTasks(sc) == 2);
    REQUIRE(eventually([&] { return log.says("did not stop"); }));
    CHECK(log.says("cerium.task.reaper.killTimeout"));
    if (kLoopsTellWhere) CHECK(eventually([&] { return log.says("loopsForEver"); }));
    if (!is_local) {
      REQUIRE(eventually([&] { return recorder->removed().size() == 2; }));
      CHECK_THAT(recorder->removed()[0].reason, Catch::Contains("did not stop when it was told to"));
    }
    hangs.end();
    CHECK(sc.range(0, 10, 1, 2).count() == 10);  // what came back late is of no matter
  }
}

TEST_CASE("a cancelled task in a system call that blocks does not keep its core", "[cluster][fault][cancel]") {
  for (const std::string master : kMasters) {
    INFO(master);
    const bool is_local = master.starts_with("local[");
    TempFolder folder;
    const StderrFile log(folder / "stderr");
    HangsUntilTheEnd hangs(is_local ? 1 : 0);
    Context sc(impatient(master, folder));
    auto job = sc.range(0, 1, 1, 1)
                   .map([](int64_t x, const std::string& marks) { return readsForEver(x, marks); }, folder.path())
                   .countAsync();
    REQUIRE(run(1, folder));
    job.cancel();
    CHECK_THROWS_AS(job.get(), JobFailed);
    CHECK(pairOfTasks(sc) == 2);
    CHECK(eventually([&] { return log.says("readsForEver"); }));
    if (is_local) ::close(g_never_written);
  }
}

TEST_CASE("a task that hangs costs the innocent tasks of its executor no try", "[cluster][fault][cancel]") {
  TempFolder folder;
  const StderrFile log(folder / "stderr");
  Context sc(impatient("local-cluster[1,2,512m]", folder).set("cerium.task.maxFailures", "1"));
  auto guilty = sc.range(0, 1, 1, 1).map(loops, folder.path()).countAsync();
  auto innocent = sc.range(1, 2, 1, 1)
                      .map(
                          [](int64_t x, const std::string& marks) {
                            mark(x, marks);
                            while (::access((marks + "/go").c_str(), F_OK) != 0) ::usleep(1000);
                            return x;
                          },
                          folder.path())
                      .countAsync();
  REQUIRE(run(2, folder));
  guilty.cancel();
  REQUIRE(eventually([&] { return log.says("is lost: it ended itself"); }));
  std::ofstream(folder / "go") << "go";
  CHECK(innocent.get() == 1);
}

TEST_CASE("a copy that lost and hangs is ended like one that was cancelled", "[cluster][fault][cancel]") {
  TempFolder folder;
  Context sc(impatient("local-cluster[2,2,512m]", folder)
                 .set("cerium.logLevel", "OFF")
                 .set("cerium.speculation.minTaskRuntime", "100ms"));
  auto recorder = std::make_shared<Recorder>();
  sc.addListener(recorder);
  const auto sum = sc.range(0, 8, 1, 8)
                       .map(
                           [](int64_t x, const std::string& marks) {
                             return x == 5 && TaskContext::get()->attemptNumber() == 0 ? loopsForEver(x, marks) : x;
                           },
                           folder.path())
                       .sum();
  CHECK(sum == 28);
  REQUIRE(eventually([&] { return !recorder->removed().empty(); }));
  CHECK_THAT(recorder->removed()[0].reason, Catch::Contains("did not stop when it was told to"));
  CHECK(pairOfTasks(sc) == 2);
}

TEST_CASE("a barrier stage starts over although one of its tasks hangs", "[cluster][fault][cancel]") {
  TempFolder folder;
  HangsUntilTheEnd hangs(1);
  Context sc(impatient("local[2,4]", folder).set("cerium.logLevel", "OFF"));
  const auto count = sc.range(0, 2, 1, 2)
                         .barrier()
                         .mapPartitions(
                             [](auto& records, const std::string& marks) {
                               const TaskContext& task = *TaskContext::get();
                               const bool is_first = task.attemptNumber() == 0;
                               if (is_first && task.partitionId() == 0) {
                                 while (::access((marks + "/0").c_str(), F_OK) != 0) ::usleep(1000);
                                 throw std::runtime_error("once");
                               }
                               if (is_first) (void)loopsForEver(0, marks);
                               BarrierTaskContext::get().barrier();
                               std::vector<int64_t> all;
                               for (int64_t x : records) all.push_back(x);
                               return all;
                             },
                             folder.path())
                         .count();
  CHECK(count == 2);
}

TEST_CASE("results of a task that was given up are not used", "[cluster][fault][cancel]") {
  TempFolder folder;
  HangsUntilTheEnd hangs(1);
  Context sc(impatient("local[2]", folder).set("cerium.logLevel", "OFF"));
  auto seen = sc.longAccumulator("seen");
  auto cached = sc.range(0, 1, 1, 1)
                    .map(
                        [seen](int64_t x, const std::string& marks) mutable {
                          seen.add(1);
                          return loopsForEver(x, marks);
                        },
                        folder.path())
                    .cache();
  auto job = cached.countAsync();
  REQUIRE(run(1, folder));
  job.cancel();
  CHECK_THROWS_AS(job.get(), JobFailed);
  CHECK(pairOfTasks(sc) == 2);
  hangs.end();
  CHECK(sc.range(0, 100, 1, 4).count() == 100);
  CHECK(seen.value() == 0);
  CHECK(cached.count() == 1);
  CHECK(seen.value() == 1);  // computed anew: the block that came too late was not kept
}

TEST_CASE("a Context that stops does not wait for a task that hangs", "[cluster][fault][cancel]") {
  TempFolder folder;
  HangsUntilTheEnd hangs(1);
  {
    Context sc(impatient("local[1]", folder).set("cerium.logLevel", "OFF"));
    auto job = sc.range(0, 1, 1, 1).map(loops, folder.path()).countAsync();
    REQUIRE(run(1, folder));
    sc.stop();
    CHECK_THROWS_AS(job.get(), JobFailed);
  }
  hangs.end();  // the task comes back after its Context is gone
}

TEST_CASE("a task that stops when it is told to costs nothing", "[cluster][cancel]") {
  TempFolder folder;
  Context sc(clusterConf("local-cluster[2,1,512m]", folder).set("cerium.task.reaper.killTimeout", "5s"));
  auto recorder = std::make_shared<Recorder>();
  sc.addListener(recorder);
  auto job = sc.range(0, 2, 1, 2)
                 .map(
                     [](int64_t x, const std::string& marks) {
                       mark(x, marks);
                       while (!TaskContext::get()->isInterrupted()) ::usleep(1000);
                       return x;
                     },
                     folder.path())
                 .countAsync();
  REQUIRE(run(2, folder));
  const auto before = executorPids();
  job.cancel();
  CHECK_THROWS_AS(job.get(), JobFailed);
  CHECK(pairOfTasks(sc) == 2);
  CHECK(executorPids() == before);
  CHECK(recorder->removed().empty());
}

}  // namespace cerium
