// Cerium. Licensed under the Apache License 2.0.
// An executor dies while its shuffle output is read, and the output that is computed again is the same, or another one.
#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <random>
#include <set>

#include "tests/support/each_master.h"

namespace cerium {
namespace {

using testing::testConf;
using Pair = std::pair<int64_t, int64_t>;

/// Kills an executor when some tasks of the second stage have ended.
class Shoot final : public Listener {
 public:
  Shoot(int64_t victim, int tasks) : victim_(victim), tasks_(tasks) {}
  void onTaskEnd(const TaskInfo& task) override {
    if (task.status != "SUCCESS") return;
    stages_.insert(task.stage);
    if (stages_.size() != 2 || ++ended_ != tasks_) return;
    ::kill(static_cast<pid_t>(victim_), SIGKILL);
    fired = true;
  }
  std::atomic<bool> fired{false};

 private:
  const int64_t victim_;
  const int tasks_;
  std::set<int64_t> stages_;
  int ended_ = 0;
};

std::shared_ptr<Shoot> shootAfter(Context& sc, int tasks) {
  const int64_t victim = sc.range(0, 1, 1, 1).map([](int64_t) { return static_cast<int64_t>(::getpid()); }).first();
  auto shoot = std::make_shared<Shoot>(victim, tasks);
  sc.addListener(shoot);
  return shoot;
}

/// Passes records on so slowly that the stage is not over before the executor is dead.
int64_t slowly(int64_t x) {
  static thread_local int count = 0;
  if (++count % 200 == 0) ::usleep(1000);
  return x;
}

}  // namespace

TEST_CASE("a repartition of an aggregation keeps every row when an executor dies", "[cluster][recovery]") {
  Context sc(testConf("local-cluster[2,2,4m]"));
  const auto keys = sc.range(0, 150'000, 1, 8)
                        .map([](int64_t x) { return Pair(static_cast<int64_t>(Hash<int64_t>()(x) >> 8), 1); })
                        .reduceByKey(std::plus<>(), 8)
                        .keys();
  const int64_t rows = keys.count();
  const auto shoot = shootAfter(sc, 3);
  const std::vector<int64_t> got = keys.repartition(8).map(slowly).collect();
  CHECK(shoot->fired);
  CHECK(static_cast<int64_t>(got.size()) == rows);
  CHECK(static_cast<int64_t>(std::set<int64_t>(got.begin(), got.end()).size()) == rows);
}

TEST_CASE("rows of a shuffle by random keys are all there, or the job says why not", "[cluster][recovery]") {
  constexpr int64_t kRows = 40'000;
  Context sc(testConf("local-cluster[2,2,64m]"));
  const auto counts = sc.range(0, kRows, 1, 8)
                          .map([](int64_t) {
                            static thread_local std::mt19937_64 random{std::random_device{}()};
                            return Pair(static_cast<int64_t>(random() % 5000), 1);
                          })
                          .reduceByKey(std::plus<>(), 8);

  SECTION("results were delivered") {
    const auto shoot = shootAfter(sc, 3);
    std::string failure;
    int64_t rows = -1;
    try {
      rows = static_cast<int64_t>(counts.values().map(slowly).sum());
    } catch (const JobFailed& e) {
      failure = e.what();
    }
    CHECK(shoot->fired);
    if (failure.empty()) {
      CHECK(rows == kRows);
    } else {
      CHECK_THAT(failure, Catch::Contains("is not what it was before it was lost") && Catch::Contains("map at ") &&
                              Catch::Contains("checkpoint()"));
    }
  }
  SECTION("another shuffle was written, which is written anew") {
    const auto shoot = shootAfter(sc, 3);
    const auto by_count = counts.map([](const Pair& pair) { return Pair(pair.second, slowly(pair.second)); });
    CHECK(static_cast<int64_t>(by_count.reduceByKey(std::plus<>(), 4).values().sum()) == kRows);
    CHECK(shoot->fired);
  }
}

}  // namespace cerium
