// Cerium. Licensed under the Apache License 2.0.
// Builds an application for tests of the web pages, event by event. Times are ms since the application's start.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "web-ui/eventlog/log_events.h"
#include "web-ui/store/app_store.h"

namespace cerium::test {

struct LogScene {
  static constexpr eventlog::Instant kStart = 1'700'000'000'000;

  explicit LogScene(store::AppStore::Options options = {}) : store(std::make_shared<store::AppStore>(options)) {
    give(eventlog::LogStart{.version = "4.0.0", .cerium = "0.1.0"});
    give(eventlog::ApplicationStart{
        .name = "scene", .id = "app-1", .attempt = {}, .user = "me", .at = kStart, .master = "local[4]"});
  }

  std::shared_ptr<store::AppStore> store;
  std::vector<eventlog::LogEvent> events;  ///< All that were given.
  int64_t next_task = 0;

  void give(eventlog::LogEvent event) {
    store->read(event);
    events.push_back(std::move(event));
  }

  LogScene& executor(const std::string& id, int cores, eventlog::Instant at = 0) {
    eventlog::ExecutorAdded added;
    added.at = kStart + at;
    added.executor = id;
    added.host = "host-" + id;
    added.cores = cores;
    give(std::move(added));
    return *this;
  }
  LogScene& lose(const std::string& id, eventlog::Instant at, const std::string& reason) {
    give(eventlog::ExecutorRemoved{kStart + at, id, reason});
    return *this;
  }

  static eventlog::StageInfo stage(int64_t id, int num_tasks, const std::string& name = "map at scene.cc:1") {
    eventlog::StageInfo info;
    info.id = id;
    info.name = info.details = name;
    info.num_tasks = num_tasks;
    eventlog::RddInfo rdd;
    rdd.id = id * 10;
    rdd.name = name.substr(0, name.find(' '));
    rdd.call_site = name;
    rdd.num_partitions = num_tasks;
    info.rdds.push_back(rdd);
    return info;
  }
  LogScene& job(int64_t id, const std::vector<eventlog::StageInfo>& stages, eventlog::Instant at) {
    eventlog::JobStart start;
    start.job = id;
    start.at = kStart + at;
    for (const auto& info : stages) {
      start.stage_ids.push_back(info.id);
      start.stages.push_back(std::make_shared<const eventlog::StageInfo>(info));
    }
    start.properties = std::make_shared<const eventlog::Pairs>();
    give(std::move(start));
    return *this;
  }
  LogScene& endJob(int64_t id, eventlog::Instant at, const std::string& failure = {}) {
    give(eventlog::JobEnd{
        .job = id, .at = kStart + at, .succeeded = failure.empty(), .failure = failure, .cancelled = false});
    return *this;
  }
  LogScene& submit(eventlog::StageInfo info, eventlog::Instant at) {
    info.submitted = kStart + at;
    give(eventlog::StageSubmitted{std::make_shared<const eventlog::StageInfo>(info), nullptr});
    return *this;
  }
  LogScene& complete(eventlog::StageInfo info, eventlog::Instant from, eventlog::Instant to,
                     const std::string& failure = {}) {
    info.submitted = kStart + from;
    info.completed = kStart + to;
    info.failure = failure;
    give(eventlog::StageCompleted{std::make_shared<const eventlog::StageInfo>(info)});
    return *this;
  }

  struct Run {
    int64_t stage = 0;
    int index = 0;
    std::string executor = "0";
    eventlog::Instant from = 0;
    eventlog::Instant to = 0;
    eventlog::TaskFigures figures = {};
    std::shared_ptr<const eventlog::TaskFailure> failure = nullptr;
    int stage_attempt = 0;
  };
  /// One task that starts and ends; its run time is what lies between, unless its figures say otherwise.
  int64_t task(Run run) {
    eventlog::TaskInfo info;
    info.id = next_task++;
    info.index = info.partition = run.index;
    info.launched = kStart + run.from;
    info.executor = run.executor;
    info.host = "host-" + run.executor;
    info.locality = "ANY";
    give(eventlog::TaskStart{run.stage, run.stage_attempt, info});
    info.finished = kStart + run.to;
    if (run.figures.run_time == 0) run.figures.run_time = run.to - run.from;
    give(eventlog::TaskEnd{.stage = run.stage,
                           .stage_attempt = run.stage_attempt,
                           .is_result = false,
                           .task = info,
                           .failure = run.failure,
                           .figures = run.figures,
                           .peaks = nullptr});
    return info.id;
  }
  static std::shared_ptr<const eventlog::TaskFailure> thrown(const std::string& message) {
    return std::make_shared<const eventlog::TaskFailure>(
        eventlog::TaskFailure{.reason = "ExceptionFailure",
                              .class_name = "std::runtime_error",
                              .message = "std::runtime_error: " + message,
                              .call_site = "map at scene.cc:1"});
  }
};

}  // namespace cerium::test
