// Cerium. Licensed under the Apache License 2.0.
// A slow executor, as on an overloaded or throttled machine, does not hold its jobs up.
#include <sys/resource.h>

#include <catch2/catch.hpp>

#include "tests/support/processes.h"

namespace cerium {
namespace {

using namespace testing;

/// Stops a process for nineteen twentieths of the time.
class SlowedDown {
 public:
  explicit SlowedDown(pid_t pid) : pid_(pid), thread_([this] { run(); }) {}
  ~SlowedDown() {
    stopping_ = true;
    thread_.join();
  }
  SlowedDown(const SlowedDown&) = delete;
  SlowedDown& operator=(const SlowedDown&) = delete;

 private:
  void run() const {
    while (!stopping_) {
      ::kill(pid_, SIGSTOP);
      std::this_thread::sleep_for(std::chrono::milliseconds(95));
      ::kill(pid_, SIGCONT);
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
  }
  const pid_t pid_;
  std::atomic<bool> stopping_{false};
  std::thread thread_;
};

/// Computes for `time`, measured by this thread's CPU clock.
void compute(std::chrono::milliseconds time) {
  const auto used = [] {
    timespec now{};
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return std::chrono::seconds(now.tv_sec) + std::chrono::nanoseconds(now.tv_nsec);
  };
  const auto until = used() + time;
  while (used() < until) {
  }
}

}  // namespace

TEST_CASE("an executor at a twentieth of its speed does not hold a job up", "[cluster][fault][slow]") {
  TempFolder folder;
  Context sc(clusterConf("local-cluster[2,1,256m]", folder).set("cerium.speculation.minTaskRuntime", "300ms"));
  auto recorder = std::make_shared<Recorder>();
  sc.addListener(recorder);
  REQUIRE(eventually([&] { return sc.statusTracker().getExecutorInfos().size() == 2; }));
  const pid_t slow = executorPids().at(0);
  const auto whoRan = sc.range(0, 2, 1, 2).map([](int64_t) {
    ::usleep(50'000);
    return static_cast<int64_t>(::getpid());
  });
  REQUIRE(eventually([&] {
    const auto pids = whoRan.collect();
    return pids[0] != pids[1];
  }));
  const SlowedDown slowed(slow);
  // A task of 250 ms takes five seconds there.
  const auto ran = sc.range(0, 16, 1, 16)
                       .map([](int64_t x) {
                         compute(std::chrono::milliseconds(250));
                         return std::pair<int64_t, int64_t>(x, ::getpid());
                       })
                       .collect();
  REQUIRE(ran.size() == 16);
  int64_t sum = 0;
  int there = 0;
  for (const auto& [x, pid] : ran) {
    sum += x;
    there += pid == slow ? 1 : 0;
  }
  CHECK(sum == 120);
  CHECK(there <= 3);  // it has half of the cores
  const auto started = recorder->started();
  CHECK(std::any_of(started.begin(), started.end(), [](const TaskInfo& task) { return task.speculative; }));
  CHECK(recorder->removed().empty());  // it is slow, not dead
}

}  // namespace cerium
