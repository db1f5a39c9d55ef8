// Cerium. Licensed under the Apache License 2.0.
#include "web-ui/api/cerium_api.h"

#include <boost/json.hpp>

#include "web-ui/api/changes.h"
#include "web-ui/api/failures.h"
#include "web-ui/api/findings.h"
#include "web-ui/api/job_graph.h"
#include "web-ui/api/overview.h"
#include "web-ui/api/parameters.h"
#include "web-ui/api/rows.h"
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

object sessionJson(Applications& applications, const Port& port) {
  object json{{"pages", port.pages}, {"version", port.version}, {"appId", nullptr}};
  if (port.pages == "driver") json["appId"] = applications.list().at(0).id;
  json["canChange"] = false;
  json["token"] = nullptr;
  json["insecure"] = false;
  return json;
}

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

}  // namespace

void addCeriumApi(http::Router& router, const std::shared_ptr<Applications>& applications, const Port& port) {
  const auto diagnoses = std::make_shared<Diagnoses>();
  // Adds a resource of one application; `make` gets the application, the instant at which it is seen and the request.
  const auto add = [&](const std::string& path, auto make) {
    router.get("/api/cerium/v1/applications/{app}" + path, [applications, make](const Request& request) {
      const Shown shown = applications->open(request.params.at("app"));
      return shown.store->with(
          [&](const Application& app) { return jsonResponse(make(app, viewTime(app, shown.completed), request)); });
    });
  };
  router.get("/api/cerium/v1/session",
             [applications, port](const Request&) { return jsonResponse(sessionJson(*applications, port)); });
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
  addChanges(router, applications);
}

}  // namespace cerium::api
