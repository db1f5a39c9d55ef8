// Cerium. Licensed under the Apache License 2.0.
#include "driver/events/status_store.h"

#include <algorithm>
#include <catch2/catch.hpp>

namespace cerium {
namespace {

std::shared_ptr<const events::JobDescription> job(int64_t id) {
  events::JobDescription description;
  description.job = JobId(id);
  description.call_site = "count at here.cc:1";
  return std::make_shared<const events::JobDescription>(std::move(description));
}
std::shared_ptr<const events::StageDescription> stage(int64_t id, int attempt = 0) {
  events::StageDescription description;
  description.stage = StageId(id);
  description.attempt = attempt;
  description.job = JobId(id);
  return std::make_shared<const events::StageDescription>(std::move(description));
}
events::StageFigures figures(int tasks, int completed) {
  events::StageFigures figures;
  figures.num_tasks = tasks;
  figures.completed_tasks = completed;
  figures.metrics.records_read = completed;
  return figures;
}

struct Told {
  StatusStore store;
  void jobStarted(int64_t id) { store.read(events::JobStarted{.at = {}, .job = job(id), .stages = {}}); }
  void jobEnded(int64_t id, events::JobOutcome outcome = events::JobOutcome::kSucceeded) {
    store.read(events::JobEnded{.at = {}, .job = job(id), .outcome = outcome, .failure = {}, .stages = {}});
  }
  void submitted(int64_t id) {
    store.read(events::StageSubmitted{.at = {}, .stage = stage(id), .figures = figures(2, 0)});
  }
  void progressed(int64_t id) {
    store.read(events::StageProgressed{.at = {}, .stage = stage(id), .figures = figures(2, 1)});
  }
  void completed(int64_t id, events::StageOutcome outcome = events::StageOutcome::kSucceeded) {
    store.read(events::StageCompleted{
        .at = {}, .stage = stage(id), .figures = figures(2, 2), .outcome = outcome, .failure = {}});
  }
};

template <class Infos>
bool knows(const Infos& infos, int64_t id) {
  return std::any_of(infos.begin(), infos.end(), [&](const auto& info) { return info.id == id; });
}

constexpr auto kKept = static_cast<int64_t>(StatusStore::kKept);

}  // namespace

TEST_CASE("of jobs and stages that have ended, the last thousand are known", "[driver]") {
  Told told;
  for (int64_t id = 0; id < 2 * kKept; ++id) {
    told.jobStarted(id);
    told.submitted(id);
    told.completed(id);
    told.progressed(id / 2);  // a task of one that ended long ago
    told.jobEnded(id);
  }
  CHECK(told.store.jobs().size() == StatusStore::kKept);
  CHECK(told.store.stages().size() == StatusStore::kKept);
  CHECK(knows(told.store.jobs(), 2 * kKept - 1));
  CHECK_FALSE(knows(told.store.jobs(), kKept - 1));
  CHECK_FALSE(knows(told.store.stages(), kKept - 1));
  CHECK(told.store.totals().records_read == 2 * 2 * kKept);
  CHECK(told.store.totals().num_tasks == 2 * 2 * kKept);
}

TEST_CASE("a job that is under way is known however many come after it", "[driver]") {
  Told told;
  told.jobStarted(0);
  told.submitted(0);
  told.completed(0);
  told.submitted(0);  // its output was lost
  for (int64_t id = 1; id <= 2 * kKept; ++id) {
    told.jobStarted(id);
    told.submitted(id);
    told.completed(id);
    told.jobEnded(id);
  }
  REQUIRE(knows(told.store.jobs(), 0));
  CHECK(knows(told.store.stages(), 0));
  CHECK(told.store.jobs().front().status == "RUNNING");
  told.jobEnded(0, events::JobOutcome::kCancelled);
  CHECK_FALSE(told.store.jobs().front().status == "RUNNING");
}

TEST_CASE("an attempt that another one goes on with adds nothing to the totals", "[driver]") {
  Told told;
  told.submitted(3);
  told.completed(3, events::StageOutcome::kResubmitted);
  CHECK(told.store.totals().num_tasks == 0);
  told.submitted(3);
  told.progressed(3);
  REQUIRE(told.store.stages().size() == 1);
  CHECK(told.store.stages().front().status == "ACTIVE");
  CHECK(told.store.stages().front().completed_tasks == 1);
  told.completed(3, events::StageOutcome::kFailed);
  CHECK(told.store.stages().front().status == "FAILED");
  CHECK(told.store.totals().num_tasks == 2);
}

TEST_CASE("executors are known while they are there", "[driver]") {
  Told told;
  events::ExecutorAdded added;
  added.executor = ExecutorId(4);
  added.host = "there";
  added.cores = 3;
  told.store.read(added);
  REQUIRE(told.store.executors().size() == 1);
  CHECK(told.store.executors().front().host == "there");
  CHECK(told.store.executors().front().cores == 3);
  events::ExecutorRemoved removed;
  removed.executor = ExecutorId(4);
  told.store.read(removed);
  CHECK(told.store.executors().empty());
}

}  // namespace cerium
