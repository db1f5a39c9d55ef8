// Cerium. Licensed under the Apache License 2.0.
#include "driver/event_bus.h"

#include <algorithm>
#include <catch2/catch.hpp>

namespace cerium {
namespace {

JobInfo job(int64_t id) {
  JobInfo info;
  info.id = id;
  info.status = "RUNNING";
  return info;
}
StageInfo stage(int64_t id) {
  StageInfo info;
  info.id = id;
  info.job = id;
  return info;
}
template <class Infos>
bool knows(const Infos& infos, int64_t id) {
  return std::any_of(infos.begin(), infos.end(), [&](const auto& info) { return info.id == id; });
}

constexpr auto kKept = static_cast<int64_t>(EventBus::kKept);

}  // namespace

TEST_CASE("of jobs and stages that have ended, the last thousand are known", "[driver]") {
  EventBus bus;
  for (int64_t id = 0; id < 2 * kKept; ++id) {
    bus.jobStarted(job(id));
    bus.stageSubmitted(stage(id));
    bus.stageCompleted(stage(id));
    bus.stageProgressed(stage(id / 2));  // a task of one that ended long ago
    bus.jobEnded(id, "SUCCEEDED");
  }
  CHECK(bus.jobs().size() == EventBus::kKept);
  CHECK(bus.stages().size() == EventBus::kKept);
  CHECK(knows(bus.jobs(), 2 * kKept - 1));
  CHECK_FALSE(knows(bus.jobs(), kKept - 1));
  CHECK_FALSE(knows(bus.stages(), kKept - 1));
}

TEST_CASE("a job that is under way is known however many come after it, and its end is told", "[driver]") {
  struct Ends final : Listener {
    std::vector<int64_t> jobs;
    void onJobEnd(const JobInfo& info) override { jobs.push_back(info.id); }
  };
  EventBus bus;
  bus.jobStarted(job(0));
  bus.stageSubmitted(stage(0));
  bus.stageCompleted(stage(0));
  bus.stageSubmitted(stage(0));  // its output was lost
  for (int64_t id = 1; id <= 2 * kKept; ++id) {
    bus.jobStarted(job(id));
    bus.stageSubmitted(stage(id));
    bus.stageCompleted(stage(id));
    bus.jobEnded(id, "SUCCEEDED");
  }
  CHECK(knows(bus.jobs(), 0));
  CHECK(knows(bus.stages(), 0));
  const auto ends = std::make_shared<Ends>();
  bus.add(ends);
  bus.jobEnded(0, "FAILED");
  bus.flush();
  CHECK(ends->jobs == std::vector<int64_t>{0});
}

}  // namespace cerium
