// Cerium. Licensed under the Apache License 2.0.
#include "web-ui/api/spark_api.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <numeric>
#include <sstream>

#include "web-ui/api/parameters.h"
#include "web-ui/api/zip.h"

namespace cerium::api {
namespace {

using boost::json::array;
using boost::json::object;
using http::Refusal;
using http::Request;
using http::Response;
using store::Application;
using store::Instant;
using store::Stage;

constexpr const char* kSparkVersion = "4.0.0";

std::vector<double> quantiles(const Request& request, const char* fallback) {
  std::vector<double> all;
  std::istringstream text(request.get("quantiles", fallback));
  for (std::string one; std::getline(text, one, ',');) {
    const auto value = number<double>(one, "a quantile");
    if (!(value >= 0 && value <= 1)) throw Refusal{400, "a quantile is not within 0 and 1: " + one};
    all.push_back(value);
  }
  return all;
}

/// The values of a parameter in capitals, as statuses are written.
std::vector<std::string> statuses(const Request& request, const char* name) {
  std::vector<std::string> all = request.all(name);
  for (std::string& one : all)
    std::transform(one.begin(), one.end(), one.begin(), [](unsigned char c) { return std::toupper(c); });
  return all;
}
bool isWanted(const std::vector<std::string>& wanted, const char* status) {
  return wanted.empty() || std::find(wanted.begin(), wanted.end(), status) != wanted.end();
}

/// "2026-11-28" or "2026-11-28T10:00:00.000GMT" as an instant.
store::Instant instantOf(const std::string& text) {
  std::tm parts{};
  std::istringstream in(text);
  in >> std::get_time(&parts, text.size() > 10 ? "%Y-%m-%dT%H:%M:%S" : "%Y-%m-%d");
  if (in.fail()) throw Refusal{400, "no date: " + text + "; write 2026-11-28 or 2026-11-28T10:00:00.000GMT"};
  store::Instant at = store::Instant{timegm(&parts)} * 1000;
  if (in.peek() == '.') {
    int millis = 0;
    in.get();
    in >> millis;
    at += millis;
  }
  return at;
}

object listedJson(const Listed& app) {
  Application shown;
  shown.id = app.id;
  shown.name = app.name;
  shown.user = app.user;
  shown.version = app.version;
  shown.started = app.started;
  shown.ended = app.ended;
  shown.exit_code = app.exit_code;
  return applicationJson(shown, {app.completed, app.last_updated});
}

/// Until when a task counts that has not ended: now, or the last word of its log.
Instant seenAt(const Shown& shown) { return shown.last_updated > 0 ? shown.last_updated : now(); }

/// With what the parameters ask for beyond the stage's own figures.
object detailed(const Application& app, Instant at, const Stage& stage, const Request& request, bool details) {
  object json = stageJson(stage);
  if (details) {
    const auto wanted = statuses(request, "taskStatus");
    object tasks;
    for (const auto& task : stage.tasks) {
      if (isWanted(wanted, nameOf(task.status))) tasks[std::to_string(task.id)] = taskJson(app, task, at);
    }
    json["tasks"] = std::move(tasks);
    json["executorSummary"] = executorSummaryJson(stage);
  }
  if (flag(request, "withSummaries", false)) {
    const auto wanted = quantiles(request, "0.0,0.25,0.5,0.75,1.0");
    if (object tasks = taskSummaryJson(stage, wanted); !tasks.empty())
      json["taskMetricsDistributions"] = std::move(tasks);
    if (object all = executorDistributionsJson(stage, wanted); !all.empty())
      json["executorMetricsDistributions"] = std::move(all);
  }
  return json;
}

array jobs(const Application& app, const Request& request) {
  const auto wanted = statuses(request, "status");
  array json;
  for (auto job = app.jobs.rbegin(); job != app.jobs.rend(); ++job) {
    if (isWanted(wanted, nameOf(job->second.status))) json.push_back(jobJson(job->second));
  }
  return json;
}

/// Spark's order: stages from the newest on.
array stages(const Application& app, Instant at, const Request& request) {
  const auto wanted = statuses(request, "status");
  const bool details = flag(request, "details", false);
  array json;
  for (auto stage = app.stages.rbegin(); stage != app.stages.rend(); ++stage) {
    if (isWanted(wanted, nameOf(stage->second.status)))
      json.push_back(detailed(app, at, stage->second, request, details));
  }
  return json;
}

array attempts(const Application& app, Instant at, const Request& request) {
  const auto id = place<int64_t>(request, "stage");
  array json;
  for (auto stage = app.stages.lower_bound({id, 0}); stage != app.stages.end() && stage->first.first == id; ++stage)
    json.push_back(detailed(app, at, stage->second, request, flag(request, "details", true)));
  if (json.empty()) throw Refusal{404, fmt::format("unknown stage: {}", id)};
  return json;
}

object attempt(const Application& app, Instant at, const Request& request) {
  return detailed(app, at, stageOf(app, request), request, flag(request, "details", true));
}

object taskSummary(const Application& app, const Request& request) {
  object json = taskSummaryJson(stageOf(app, request), quantiles(request, "0.05,0.25,0.5,0.75,0.95"));
  if (json.empty()) throw Refusal{404, "No tasks reported metrics yet."};
  return json;
}

/// Spark's order: tasks that did not succeed come before the others.
int64_t runTimeKey(const store::Task& task) {
  return task.status == store::TaskStatus::kSuccess ? task.figures.run_time : -task.figures.run_time - 1;
}

array taskList(const Application& app, Instant at, const Request& request) {
  const Stage& stage = stageOf(app, request);
  const auto wanted = statuses(request, "status");
  std::vector<const store::Task*> tasks;
  for (const auto& task : stage.tasks) {
    if (isWanted(wanted, nameOf(task.status))) tasks.push_back(&task);
  }
  std::string order = request.get("sortBy", "ID");
  std::transform(order.begin(), order.end(), order.begin(), [](unsigned char c) { return std::toupper(c); });
  std::sort(tasks.begin(), tasks.end(), [](auto* a, auto* b) { return a->id < b->id; });
  const bool is_ascending = order == "RUNTIME" || order == "+RUNTIME" || order == "INCREASING_RUNTIME";
  if (is_ascending || order == "-RUNTIME" || order == "DECREASING_RUNTIME") {
    std::stable_sort(tasks.begin(), tasks.end(), [](auto* a, auto* b) { return runTimeKey(*a) < runTimeKey(*b); });
    if (!is_ascending) std::reverse(tasks.begin(), tasks.end());
  } else if (order != "ID") {
    throw Refusal{400, "sortBy is ID, runtime, +runtime or -runtime, not " + request.get("sortBy")};
  }
  const auto offset = static_cast<size_t>(std::max(0, parameter(request, "offset", 0)));
  const auto length = static_cast<size_t>(std::max(0, parameter(request, "length", 20)));
  array json;
  for (size_t i = offset; i < tasks.size() && i - offset < length; ++i) json.push_back(taskJson(app, *tasks[i], at));
  return json;
}

array allExecutors(const Application& app) {
  array json;
  for (const auto& [id, executor] : app.executors) json.push_back(executorJson(executor));
  return json;
}

/// The executors that live, in the order of Spark's answer.
array executors(const Application& app) {
  array json;
  for (auto executor = app.executors.rbegin(); executor != app.executors.rend(); ++executor) {
    if (executor->second.active) json.push_back(executorJson(executor->second));
  }
  return json;
}

array rdds(const Application& app) {
  array json;
  for (const auto& [id, rdd] : app.rdds) {
    if (rdd.blocks.empty()) continue;
    json.push_back(rddJson(app, rdd));
  }
  return json;
}

object rdd(const Application& app, const Request& request) {
  const auto id = place<int64_t>(request, "rdd");
  const auto found = app.rdds.find(id);
  if (found == app.rdds.end()) throw Refusal{404, fmt::format("no rdd found w/ id {}", id)};
  return rddJson(app, found->second);
}

/// A zip archive of the event log's files, also of an application that still runs.
Response logArchive(const Shown& shown, const std::string& id) {
  std::error_code error;
  std::vector<std::filesystem::path> paths;
  if (std::filesystem::is_directory(shown.log, error)) {
    for (const auto& entry : std::filesystem::directory_iterator(shown.log, error)) paths.push_back(entry.path());
  } else if (!shown.log.empty()) {
    paths.push_back(shown.log);
  }
  if (paths.empty()) throw Refusal{404, "the application " + id + " has no event log"};
  std::sort(paths.begin(), paths.end());
  const bool is_folder = std::filesystem::is_directory(shown.log, error);
  std::vector<std::pair<std::string, std::string>> files;
  for (const auto& path : paths) {
    std::ifstream in(path, std::ios::binary);
    const std::string name = path.filename().string();
    files.emplace_back(is_folder ? shown.log.filename().string() + "/" + name : name,
                       std::string(std::istreambuf_iterator<char>(in), {}));
  }
  return {zipOf(files),
          "application/zip",
          200,
          {{"Content-Disposition", "attachment; filename=\"eventLogs-" + id + ".zip\""}}};
}

array applicationList(Applications& applications, const Request& request) {
  const auto wanted = statuses(request, "status");
  const auto date = [&](const char* name, store::Instant fallback) {
    const std::string text = request.get(name);
    return text.empty() ? fallback : instantOf(text);
  };
  const store::Instant from = date("minDate", INT64_MIN);
  const store::Instant to = date("maxDate", INT64_MAX);
  const store::Instant end_from = date("minEndDate", INT64_MIN);
  const store::Instant end_to = date("maxEndDate", INT64_MAX);
  const auto limit = parameter<size_t>(request, "limit", SIZE_MAX);
  array json;
  for (const Listed& app : applications.list()) {
    if (json.size() == limit) break;
    if (!isWanted(wanted, app.completed ? "COMPLETED" : "RUNNING")) continue;
    const store::Instant end = app.ended > 0 ? app.ended : now();
    if (app.started < from || app.started > to || end < end_from || end > end_to) continue;
    json.push_back(listedJson(app));
  }
  return json;
}

}  // namespace

store::Instant now() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch())
      .count();
}

Response jsonResponse(const boost::json::value& value) { return {boost::json::serialize(value)}; }

void addSparkApi(http::Router& router, const std::shared_ptr<Applications>& applications) {
  // Adds a resource of one application; `make` gets the application and the request.
  const auto add = [&](const std::string& path, auto make) {
    const auto handler = [applications, make](const Request& request) {
      const Shown shown = applications->open(request.params.at("app"));
      return shown.store->with([&](const Application& app) { return jsonResponse(make(app, shown, request)); });
    };
    router.get("/api/v1/applications/{app}" + path, handler);
    router.get("/api/v1/applications/{app}/1" + path, handler);
  };
  router.get("/api/v1/version", [](const Request&) { return jsonResponse(object{{"spark", kSparkVersion}}); });
  router.get("/api/v1/applications",
             [applications](const Request& request) { return jsonResponse(applicationList(*applications, request)); });
  add("", [](const Application& app, const Shown& shown, const Request&) {
    return applicationJson(app, {shown.completed, shown.last_updated > 0 ? shown.last_updated : now()});
  });
  router.get("/api/v1/applications/{app}/logs", [applications](const Request& request) {
    return logArchive(applications->open(request.params.at("app")), request.params.at("app"));
  });
  add("/jobs", [](const Application& app, const Shown&, const Request& request) { return jobs(app, request); });
  add("/jobs/{job}",
      [](const Application& app, const Shown&, const Request& request) { return jobJson(jobOf(app, request)); });
  add("/stages", [](const Application& app, const Shown& shown, const Request& request) {
    return stages(app, seenAt(shown), request);
  });
  add("/stages/{stage}", [](const Application& app, const Shown& shown, const Request& request) {
    return attempts(app, seenAt(shown), request);
  });
  add("/stages/{stage}/{attempt}", [](const Application& app, const Shown& shown, const Request& request) {
    return attempt(app, seenAt(shown), request);
  });
  add("/stages/{stage}/{attempt}/taskSummary",
      [](const Application& app, const Shown&, const Request& request) { return taskSummary(app, request); });
  add("/stages/{stage}/{attempt}/taskList", [](const Application& app, const Shown& shown, const Request& request) {
    return taskList(app, seenAt(shown), request);
  });
  add("/executors", [](const Application& app, const Shown&, const Request&) { return executors(app); });
  add("/allexecutors", [](const Application& app, const Shown&, const Request&) { return allExecutors(app); });
  add("/storage/rdd", [](const Application& app, const Shown&, const Request&) { return rdds(app); });
  add("/storage/rdd/{rdd}",
      [](const Application& app, const Shown&, const Request& request) { return rdd(app, request); });
  add("/environment", [](const Application& app, const Shown&, const Request&) { return environmentJson(app); });
}

}  // namespace cerium::api
