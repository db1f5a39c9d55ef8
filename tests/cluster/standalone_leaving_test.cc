// Cerium. Licensed under the Apache License 2.0.
// Workers that leave a standalone cluster in good order, and executors that come and go with the work: nothing is
// computed twice.
#include <catch2/catch.hpp>

#include "tests/support/standalone_cluster.h"

namespace cerium {
namespace {

using namespace testing;

/// The stages that a listener sees: how often each was submitted, and how its tasks ended.
class StageLog final : public Listener {
 public:
  void onTaskEnd(const TaskInfo& task) override {
    std::lock_guard lock(mutex_);
    (task.status == "SUCCESS" ? good_ : bad_)[task.stage] += 1;
    if (task.status != "SUCCESS") stories_ += task.message + "\n";
  }
  void onStageSubmitted(const StageInfo&) override {
    std::lock_guard lock(mutex_);
    ++submitted_;
  }
  [[nodiscard]] int good() const { return sum(good_); }
  [[nodiscard]] int bad() const { return sum(bad_); }
  [[nodiscard]] int submitted() const {
    std::lock_guard lock(mutex_);
    return submitted_;
  }
  [[nodiscard]] std::string stories() const {
    std::lock_guard lock(mutex_);
    return stories_;
  }

 private:
  int sum(const std::map<int64_t, int>& all) const {
    std::lock_guard lock(mutex_);
    int total = 0;
    for (const auto& [stage, n] : all) total += n;
    return total;
  }
  mutable std::mutex mutex_;
  std::map<int64_t, int> good_;  // guarded by mutex_; by stage
  std::map<int64_t, int> bad_;   // guarded by mutex_
  int submitted_ = 0;            // guarded by mutex_
  std::string stories_;          // guarded by mutex_
};

/// The way in which a worker is told to leave.
enum class Way { kSignal, kCommand };

void tellToLeave(StandaloneCluster& cluster, Daemon& worker, Way way, Daemon& stays) {
  if (way == Way::kSignal) return worker.signal(SIGTERM);
  // All workers of these tests are on one host, so the command names one by its id.
  (void)stays;
  Daemon command(cluster.folder(), "decommission",
                 {"worker", cluster.url(), "--decommission", "--host", worker.said("worker ", " offers"),
                  "--secret-file", cluster.secretFile()});
  if (command.wait() != 0) throw std::runtime_error(command.log());
}

}  // namespace

TEST_CASE("a worker that leaves in mid-job loses nothing", "[cluster][standalone][leaving]") {
  const Way way = GENERATE(Way::kSignal, Way::kCommand);
  INFO((way == Way::kSignal ? "SIGTERM" : "--decommission"));
  StandaloneCluster cluster;
  cluster.addWorker();
  cluster.addWorker();
  auto log = std::make_shared<StageLog>();
  Context sc(cluster.conf().set("cerium.speculation", "false"));
  sc.addListener(log);
  auto calls = sc.longAccumulator("calls");
  auto cached = sc.range(0, 8000, 1, 8).map([calls](int64_t x) {
    if (x % 1000 == 0) ::usleep(20'000);
    calls += 1;
    return x;
  });
  cached.cache();
  REQUIRE(cached.count() == 8000);
  auto counts = slowCounts(sc, 8, 20);
  REQUIRE(counts.count() == 100);
  REQUIRE(calls.value() == 8000);

  auto sum = std::async(std::launch::async, [&] { return slowSum(sc, 60, 50); });
  const int before = 8 + 8 + 4;
  REQUIRE(eventually([&] { return log->good() >= before + 6; }));
  tellToLeave(cluster, cluster.worker(0), way, cluster.worker(1));
  CHECK(sum.get() == 1770);
  CHECK(cluster.worker(0).wait() == 0);
  CHECK(cluster.executorsOf(1).size() == 1);

  CHECK(cached.count() == 8000);
  CHECK(calls.value() == 8000);  // what was cached there was moved
  CHECK(counts.count() == 100);  // and so was its shuffle output: only the reduce stage runs
  CHECK(eventually([&] { return log->good() == before + 60 + 8 + 4; }));
  CHECK(log->good() == before + 60 + 8 + 4);
  INFO(log->stories());
  CHECK(log->bad() == 0);
  CHECK(sc.statusTracker().totals().failed_tasks == 0);
}

TEST_CASE("a worker leaves while others read its shuffle output, and no stage runs again",
          "[cluster][standalone][leaving]") {
  StandaloneCluster cluster;
  cluster.addWorker();
  cluster.addWorker();
  auto log = std::make_shared<StageLog>();
  Context sc(cluster.conf().set("cerium.speculation", "false"));
  sc.addListener(log);
  // Each reduce task has much to read, and is slow on the worker that stays.
  const pid_t stays = cluster.worker(0).pid();
  auto slow = sc.range(0, 8000, 1, 8)
                  .map([](int64_t x) { return std::pair<int64_t, std::string>(x, std::string(8000, 'x')); })
                  .partitionBy(HashPartitioner(4))
                  .map([stays](const std::pair<int64_t, std::string>& each) {
                    if (::getppid() == stays) ::usleep(1000);
                    return static_cast<int64_t>(each.second.size());
                  });
  auto first = std::async(std::launch::async, [&] { return slow.count(); });
  REQUIRE(eventually([&] { return log->submitted() == 2; }));
  cluster.worker(1).signal(SIGTERM);
  CHECK(first.get() == 8000);
  CHECK(cluster.worker(1).wait() == 0);
  CHECK(slow.count() == 8000);
  CHECK(eventually([&] { return log->good() >= 8 + 4 + 4; }));
  INFO(log->stories() << cluster.worker(1).log());
  CHECK(log->good() == 8 + 4 + 4);
  CHECK(log->bad() == 0);
}

TEST_CASE("a worker that runs nothing leaves at once, and the last one too", "[cluster][standalone][leaving]") {
  StandaloneCluster cluster;
  cluster.addWorker();
  cluster.worker(0).signal(SIGTERM);
  CHECK(cluster.worker(0).wait(std::chrono::seconds(5)) == 0);
  CHECK(eventually([&] { return cluster.json().at("aliveworkers").as_int64() == 0; }));
  CHECK(cluster.json().at("workers").as_array().at(0).at("state").as_string() == "DECOMMISSIONED");

  cluster.addWorker();
  Context sc(cluster.conf());
  auto counts = slowCounts(sc, 4, 1);
  REQUIRE(counts.count() == 100);
  cluster.worker(1).signal(SIGTERM);  // no other worker is left to take its output
  CHECK(cluster.worker(1).wait() == 0);
  cluster.addWorker();
  CHECK(counts.count() == 100);
}

TEST_CASE("a second SIGTERM ends a worker at once", "[cluster][standalone][leaving]") {
  StandaloneCluster cluster;
  cluster.addWorker();
  cluster.addWorker();
  // No try may fail, because the tasks are not at fault.
  Context sc(cluster.conf().set("cerium.speculation", "false").set("cerium.task.maxFailures", "1"));
  auto sum = std::async(std::launch::async, [&] { return slowSum(sc, 4, 3000); });
  REQUIRE(eventually([&] { return cluster.executorsOf(0).size() == 1; }));
  cluster.worker(0).signal(SIGTERM);
  (void)cluster.worker(0).said("a second signal ends them", "\n");
  cluster.worker(0).signal(SIGTERM);
  CHECK(cluster.worker(0).wait(std::chrono::seconds(5)) == 0);
  CHECK(sum.get() == 6);
}

TEST_CASE("executors are added while tasks wait and retired when idle, their shuffle output stays",
          "[cluster][standalone][leaving]") {
  StandaloneCluster cluster;
  cluster.addWorker();
  cluster.addWorker();
  auto log = std::make_shared<StageLog>();
  Context sc(cluster.conf()
                 .set("cerium.executor.cores", "1")
                 .set("cerium.dynamicAllocation.enabled", "true")
                 .set("cerium.dynamicAllocation.executorIdleTimeout", "1s")
                 .set("cerium.speculation", "false"));
  sc.addListener(log);
  CHECK(cluster.coresUsed() == 0);
  auto counts = slowCounts(sc, 32, 100);
  auto counting = std::async(std::launch::async, [&] { return counts.count(); });
  CHECK(eventually([&] { return cluster.coresUsed() == 4; }));
  CHECK(counting.get() == 100);
  CHECK(eventually([&] { return cluster.coresUsed() == 0; }));
  CHECK(cluster.executors().size() == 4);  // they serve what they made
  CHECK(counts.count() == 100);
  CHECK(eventually([&] { return log->good() == 32 + 4 + 4; }));
  CHECK(log->good() == 32 + 4 + 4);
  INFO(log->stories());
  CHECK(log->bad() == 0);
  CHECK(cluster.json().at("activeapps").as_array().at(0).at("waits").as_string().empty());

  // A worker leaves: the output that its retired executors serve moves to others.
  REQUIRE(eventually([&] { return cluster.coresUsed() == 0; }));
  cluster.worker(0).signal(SIGTERM);
  CHECK(cluster.worker(0).wait() == 0);
  CHECK(counts.count() == 100);
  CHECK(eventually([&] { return log->good() == 32 + 4 + 4 + 4; }));
  CHECK(log->good() == 32 + 4 + 4 + 4);
  CHECK(log->bad() == 0);
  sc.stop();
  CHECK(eventually([&] { return cluster.executors().empty(); }));
}

}  // namespace cerium
