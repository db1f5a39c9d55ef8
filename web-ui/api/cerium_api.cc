// Cerium. Licensed under the Apache License 2.0.
#include "web-ui/api/cerium_api.h"

#include <algorithm>
#include <boost/json.hpp>
#include <filesystem>

#include "web-ui/api/cancelling.h"
#include "web-ui/api/changes.h"
#include "web-ui/api/compare.h"
#include "web-ui/api/failures.h"
#include "web-ui/api/findings.h"
#include "web-ui/api/job_graph.h"
#include "web-ui/api/log_files.h"
#include "web-ui/api/overview.h"
#include "web-ui/api/parameters.h"
#include "web-ui/api/report.h"
#include "web-ui/api/rows.h"
#include "web-ui/api/shuffle_heat.h"
#include "web-ui/api/spark_api.h"
#include "web-ui/api/storage.h"
#include "web-ui/api/table.h"
#include "web-ui/api/tables.h"
#include "web-ui/api/task_stream.h"
#include "web-ui/api/tasks.h"

namespace cerium::api {

using boost::json::array;
using boost::json::object;
using http::Request;
using store::Application;
using store::Instant;

namespace {

object listedRow(const Listed& app) {
  const Instant end = app.ended > 0 ? app.ended : app.last_updated;
  const char* status = app.ended > 0 ? "SUCCEEDED" : app.completed ? "INCOMPLETE" : "RUNNING";
  if (app.failed_jobs > 0 && app.last_job_failed) status = "FAILED";
  return {{"id", app.id},
          {"name", app.name},
          {"user", app.user},
          {"source", app.cerium.empty() ? "spark" : "cerium"},
          {"engineVersion", app.cerium.empty() ? app.version : app.cerium},
          {"status", status},
          {"startedAt", app.started},
          {"endedAt", instantOrNull(app.ended)},
          {"durationMs", std::max<int64_t>(0, end - app.started)},
          {"jobs", app.jobs},
          {"failedJobs", app.failed_jobs},
          {"logBytes", app.log_bytes},
          {"notes", array(app.notes.begin(), app.notes.end())}};
}

object historyPage(Applications& applications, const Request& request) {
  std::vector<object> rows;
  for (const Listed& app : applications.list()) {
    object row = listedRow(app);
    const std::string status = request.get("status");
    const std::string source = request.get("source");
    if (!status.empty() && row.at("status").as_string() != status) continue;
    if (!source.empty() && row.at("source").as_string() != source) continue;
    rows.push_back(std::move(row));
  }
  object page = pageOf(std::move(rows), request, "-startedAt");
  page["folder"] = applications.folder();
  page["scanning"] = false;
  page["scannedAt"] = now();
  page["unreadable"] = array();
  return page;
}

constexpr const char* kNoLogs =
    "the executor's log lies on its worker, or is gone; the worker's pages show the logs of running executors";

/// The log files of an executor: executor-ID.log, and others whose names begin so.
std::vector<std::filesystem::path> executorLogs(const Shown& shown, const std::string& executor) {
  std::vector<std::filesystem::path> files;
  if (shown.executor_logs.empty()) return files;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(shown.executor_logs, error)) {
    if (entry.is_regular_file(error) && entry.path().filename().string().starts_with("executor-" + executor + "."))
      files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  return files;
}

/// Logs, comparisons and traces.
void addFiles(http::Router& router, const std::shared_ptr<Applications>& applications) {
  const std::string app_route = "/api/cerium/v1/applications/{app}";
  router.get(app_route + "/executors/{executor}/logs", [applications](const Request& request) {
    const Shown shown = applications->open(request.params.at("app"));
    return jsonResponse(logFilesJson(executorLogs(shown, request.params.at("executor")), kNoLogs));
  });
  router.get(app_route + "/executors/{executor}/log", [applications](const Request& request) {
    const Shown shown = applications->open(request.params.at("app"));
    return jsonResponse(logTextJson(executorLogs(shown, request.params.at("executor")), request));
  });
  router.get(app_route + "/compare", [applications](const Request& request) {
    const Shown left = applications->open(request.params.at("app"));
    const std::string other = request.get("with");
    if (other == request.params.at("app")) throw http::Refusal{400, "an application is compared with another one"};
    const Shown right = applications->open(other);
    return left.store->with([&](const Application& one) {
      return right.store->with(
          [&](const Application& two) { return jsonResponse(compareJson(one, left.completed, two, right.completed)); });
    });
  });
  router.get(app_route + "/trace", [applications](const Request& request) {
    const Shown shown = applications->open(request.params.at("app"));
    return shown.store->with([&](const Application& app) {
      http::Response trace{traceJson(app, viewTime(app, shown.completed))};
      trace.headers = {{"Content-Disposition", "attachment; filename=\"" + app.id + ".trace.json\""}};
      return trace;
    });
  });
}

}  // namespace

void addCeriumApi(http::Router& router, const std::shared_ptr<Applications>& applications) {
  const auto diagnoses = std::make_shared<Diagnoses>();
  // Adds a resource of one application; `make` gets the application, the instant at which it is seen and the request.
  const auto add = [&](const std::string& path, auto make) {
    router.get("/api/cerium/v1/applications/{app}" + path, [applications, make](const Request& request) {
      const Shown shown = applications->open(request.params.at("app"));
      return shown.store->with(
          [&](const Application& app) { return jsonResponse(make(app, viewTime(app, shown.completed), request)); });
    });
  };
  router.get("/api/cerium/v1/applications",
             [applications](const Request& request) { return jsonResponse(historyPage(*applications, request)); });
  router.get("/api/cerium/v1/applications/{app}/overview", [applications, diagnoses](const Request& request) {
    const Shown shown = applications->open(request.params.at("app"));
    return shown.store->with([&](const Application& app) {
      const auto findings = diagnoses->of(app, viewTime(app, shown.completed));
      return jsonResponse(overviewJson(app, shown, *findings));
    });
  });
  add("/findings", [diagnoses](const Application& app, Instant at, const Request& request) {
    return findingsJson(*diagnoses->of(app, at), request);
  });
  add("/failures", [](const Application& app, Instant, const Request& request) { return failuresPage(app, request); });
  add("/jobs", jobTable);
  add("/jobs/{job}",
      [](const Application& app, Instant at, const Request& request) { return jobRow(app, jobOf(app, request), at); });
  add("/jobs/{job}/graph", [](const Application& app, Instant at, const Request& request) {
    return jobGraph(app, jobOf(app, request), at);
  });
  add("/stages", stageTable);
  add("/stages/{stage}/{attempt}", [](const Application& app, Instant at, const Request& request) {
    return stageRow(app, stageOf(app, request), at);
  });
  add("/stages/{stage}/{attempt}/tasks", [](const Application& app, Instant at, const Request& request) {
    return taskTable(app, stageOf(app, request), at, request);
  });
  add("/stages/{stage}/{attempt}/metrics",
      [](const Application& app, Instant, const Request& request) { return stageMetrics(app, stageOf(app, request)); });
  add("/taskstream", taskStream);
  add("/timeline", timeline);
  add("/storage", [](const Application& app, Instant, const Request&) { return storageJson(app); });
  add("/storage/{rdd}/blocks",
      [](const Application& app, Instant, const Request& request) { return blockTable(app, request); });
  add("/executors", executorTable);
  add("/executors/{executor}", executorOf);
  add("/executors/{executor}/series", executorSeries);
  add("/environment",
      [](const Application& app, Instant, const Request& request) { return environmentTable(app, request); });
  add("/stages/{stage}/{attempt}/shuffle", [](const Application& app, Instant, const Request& request) {
    return shuffleHeat(stageOf(app, request), request);
  });
  router.get("/api/cerium/v1/applications/{app}/report", [applications, diagnoses](const Request& request) {
    const Shown shown = applications->open(request.params.at("app"));
    return shown.store->with([&](const Application& app) {
      const auto findings = diagnoses->of(app, viewTime(app, shown.completed));
      http::Response report{reportHtml(app, shown, *findings), "text/html; charset=utf-8"};
      report.headers = {{"Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'"},
                        {"Content-Disposition", "attachment; filename=\"" + app.id + ".html\""}};
      return report;
    });
  });
  addFiles(router, applications);
  addCancelling(router, applications);
  addChanges(router, applications);
}

}  // namespace cerium::api
