// Cerium. Licensed under the Apache License 2.0.
// Executors and workers that come and go all the time while shuffles run: every answer is right.
#include <catch2/catch.hpp>
#include <random>

#include "tests/support/standalone_cluster.h"

namespace cerium {
namespace {

using namespace testing;

using Clock = std::chrono::steady_clock;

/// Runs shuffles on another thread, one after the other, until stop().
class Shuffles {
 public:
  explicit Shuffles(Context& sc) : ended_(std::async(std::launch::async, [this, &sc] { run(sc); })) {}
  ~Shuffles() { stopping_ = true; }

  /// Returns "" if all answers were right. Throws the failure of a job.
  std::string stop() {
    stopping_ = true;
    ended_.get();
    return wrong_;
  }
  [[nodiscard]] int done() const { return done_; }

 private:
  void run(Context& sc) {
    constexpr int kMaps = 12;
    while (!stopping_) {
      auto counts = slowCounts(sc, kMaps, 20);
      auto twice =
          counts.map([](const auto& each) { return std::pair<int64_t, int64_t>(each.first % 10, each.second); })
              .reduceByKey(std::plus<>(), 6)
              .collect();
      for (const auto& [key, count] : twice) {
        if (count != 100LL * kMaps) wrong_ += std::to_string(key) + ": " + std::to_string(count) + "\n";
      }
      if (twice.size() != 10) wrong_ += std::to_string(twice.size()) + " keys\n";
      ++done_;
    }
  }
  std::atomic<bool> stopping_{false};
  std::atomic<int> done_{0};
  std::string wrong_;  // used by the other thread until it has ended
  std::future<void> ended_;
};

}  // namespace

TEST_CASE("an executor that is killed each second, with another coming, leaves every shuffle right",
          "[cluster][fault][storm]") {
  const unsigned seed = std::random_device()();
  INFO("seed " << seed);
  std::mt19937 random(seed);
  TempFolder folder;
  Context sc(clusterConf("local-cluster[3,1,256m]", folder));
  auto recorder = std::make_shared<Recorder>();
  sc.addListener(recorder);
  REQUIRE(eventually([&] { return sc.statusTracker().getExecutorInfos().size() == 3; }));
  Shuffles shuffles(sc);
  for (int second = 0; second < 8; ++second) {
    std::this_thread::sleep_for(std::chrono::seconds(1));
    const auto executors = executorPids();
    REQUIRE_FALSE(executors.empty());
    ::kill(executors[random() % executors.size()], SIGKILL);
  }
  CHECK(shuffles.stop().empty());
  CHECK(shuffles.done() > 0);
  CHECK(recorder->removed().size() >= 4);
  CHECK(eventually([&] { return sc.statusTracker().getExecutorInfos().size() == 3; }));
}

TEST_CASE("workers that come, leave and are killed each second leave every shuffle right",
          "[cluster][standalone][leaving][storm]") {
  StandaloneCluster cluster;
  for (int i = 0; i < 3; ++i) cluster.addWorker();
  Context sc(cluster.conf());
  REQUIRE(eventually([&] { return sc.statusTracker().getExecutorInfos().size() == 3; }));
  auto calls = sc.longAccumulator("calls");
  auto cached = sc.range(0, 6'000, 1, 6).map([calls](int64_t x) {
    calls += 1;
    return x;
  });
  cached.cache();
  REQUIRE(cached.count() == 6'000);
  Shuffles shuffles(sc);
  std::set<size_t> leaving;
  for (size_t second = 0; second < 8; ++second) {
    const auto until = Clock::now() + std::chrono::seconds(1);
    cluster.addWorker();
    // Most workers are told to leave, which moves their blocks to others; some are killed.
    const bool is_killed = second % 4 == 3;
    cluster.worker(second).signal(is_killed ? SIGKILL : SIGTERM);
    if (!is_killed) leaving.insert(second);
    CHECK(cached.count() == 6'000);
    std::this_thread::sleep_until(until);
  }
  CHECK(shuffles.stop().empty());
  CHECK(shuffles.done() > 0);
  for (size_t each : leaving) CHECK(cluster.worker(each).wait() == 0);
  CHECK(cached.count() == 6'000);
  // Each of the two kills may lose every cached partition. A worker that is told to leave moves its own first, and a
  // task that looks for a partition where it was computes it. Ten counts without a cache make 60,000 calls.
  CHECK(calls.value() <= 30'000);
  CHECK(eventually([&] { return cluster.json().at("aliveworkers").as_int64() == 3; }));
}

}  // namespace cerium
