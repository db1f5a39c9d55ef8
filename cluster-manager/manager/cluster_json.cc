// Cerium. Licensed under the Apache License 2.0.
#include "cluster-manager/manager/cluster_json.h"

#include <algorithm>
#include <boost/json.hpp>

#include "base/util/printable.h"
#include "web-ui/http/prometheus.h"

namespace cerium::cluster_manager {
namespace {

namespace json = boost::json;
using namespace protocol;

/// What the connected workers have, and what of it is given away.
struct Totals {
  Share all;
  Share given;
  int64_t workers = 0;
};

Totals totalsOf(const ClusterRegistry& registry) {
  Totals totals;
  for (const auto& [id, worker] : registry.workers) {
    if (worker.connection == kNoConnection) continue;
    ++totals.workers;
    totals.all.cores += worker.as.cores;
    totals.all.memory += worker.as.memory;
    totals.given.cores += worker.given.cores;
    totals.given.memory += worker.given.memory;
  }
  return totals;
}

json::object workerRow(const RegisterWorker& worker, const Share& given, const char* status, Millis heard) {
  return {{"id", printable(worker.worker)},
          {"host", printable(worker.host)},
          {"port", worker.port},
          {"status", status},
          {"cores", worker.cores},
          {"coresUsed", given.cores},
          {"memoryBytes", worker.memory},
          {"memoryUsedBytes", given.memory},
          {"heartbeatAt", heard}};
}

json::array workerRows(const ClusterRegistry& registry, Millis wall_offset) {
  json::array rows;
  for (const auto& [id, worker] : registry.workers) {
    const bool is_absent = worker.connection == kNoConnection;
    const char* status = is_absent ? "UNKNOWN" : worker.as.leaving ? "DECOMMISSIONING" : "ALIVE";
    json::object row = workerRow(worker.as, worker.given, status, worker.heard + wall_offset);
    row["executors"] = registry.executorsOn(id).size();
    if (is_absent) row["reason"] = printable(worker.absence);
    if (worker.as.web_port != 0) row["uiPath"] = "proxy/" + printable(id) + "/";
    rows.push_back(std::move(row));
  }
  for (const LostWorker& lost : registry.lost_workers) {
    json::object row = workerRow(lost.as, {}, lost.as.leaving ? "DECOMMISSIONED" : "DEAD", lost.heard + wall_offset);
    row["executors"] = 0;
    rows.push_back(std::move(row));
  }
  return rows;
}

json::object applicationRow(const ApplicationRecord& record) {
  const RegisterApplication& as = record.application;
  json::object row{{"id", printable(as.application)},
                   {"name", printable(as.name)},
                   {"user", printable(as.user)},
                   {"status", nameOf(record.state)},
                   {"startedAt", record.started_ms},
                   {"endedAt", nullptr},
                   {"coresWanted", nullptr},
                   {"cores", 0},
                   {"coresPerExecutor", as.executor_cores},
                   {"memoryPerExecutorBytes", as.executor_memory},
                   {"executors", json::array()},
                   {"waits", ""}};
  if (as.cores_max > 0) row["coresWanted"] = as.cores_max;
  return row;
}

const char* statusOf(ExecutorState state) {
  switch (state) {
    case ExecutorState::kLaunching:
      return "LAUNCHING";
    case ExecutorState::kRunning:
      return "RUNNING";
    case ExecutorState::kEnding:
      break;
  }
  return "ENDING";
}

json::object activeRow(const ClusterRegistry& registry, const Application& application) {
  json::array executors;
  int64_t cores = 0;
  for (const ExecutorKey& key : registry.executorsOf(application.record.application.application)) {
    const Executor& executor = registry.executors.at(key);
    cores += executor.share.cores;
    executors.push_back(json::object{{"id", key.second},
                                     {"worker", printable(executor.worker)},
                                     {"cores", executor.share.cores},
                                     {"memoryBytes", executor.share.memory},
                                     {"status", statusOf(executor.state)}});
  }
  json::object row = applicationRow(application.record);
  row["status"] = application.connection == kNoConnection ? "UNKNOWN" : executors.empty() ? "WAITING" : "RUNNING";
  row["cores"] = cores;
  row["executors"] = std::move(executors);
  row["waits"] = printable(application.waits);
  return row;
}

json::array applicationRows(const ClusterRegistry& registry) {
  json::array rows;
  int64_t position = 0;
  for (const Application* application : registry.applicationsInOrder()) {
    json::object row = activeRow(registry, *application);
    if (!application->waits.empty()) row["queuePosition"] = ++position;
    rows.push_back(std::move(row));
  }
  const auto& ended = registry.ended_applications;
  std::for_each(ended.rbegin(), ended.rend(), [&](const ApplicationRecord& record) {
    json::object row = applicationRow(record);
    row["endedAt"] = record.ended_ms;
    row["reason"] = printable(record.reason);
    rows.push_back(std::move(row));
  });
  return rows;
}

json::object driverRow(const Driver& driver) {
  const DriverRecord& record = driver.record;
  json::object row{{"id", printable(record.order.driver)}, {"name", printable(record.order.name)},
                   {"status", nameOf(record.state)},       {"startedAt", record.submitted_ms},
                   {"cores", record.order.cores},          {"memoryBytes", record.order.memory},
                   {"supervise", record.order.supervise},  {"worker", printable(record.worker)},
                   {"detail", printable(record.detail)},   {"exitStatus", nullptr},
                   {"active", driver.isActive()}};
  if (!driver.isActive()) row["exitStatus"] = record.exit_status;
  return row;
}

}  // namespace

std::string clusterJson(const ClusterRegistry& registry, const ManagerAtAGlance& manager, Millis now) {
  const Totals totals = totalsOf(registry);
  json::array drivers;
  for (const Driver* driver : registry.driversInOrder()) drivers.push_back(driverRow(*driver));
  return json::serialize(json::object{{"url", manager.url},
                                      {"status", manager.status},
                                      {"now", now},
                                      {"cores", totals.all.cores},
                                      {"coresUsed", totals.given.cores},
                                      {"memoryBytes", totals.all.memory},
                                      {"memoryUsedBytes", totals.given.memory},
                                      {"workers", workerRows(registry, manager.wall_offset)},
                                      {"applications", applicationRows(registry)},
                                      {"drivers", std::move(drivers)}});
}

http::Response clusterMetrics(const ClusterRegistry& registry) {
  const Totals totals = totalsOf(registry);
  int64_t waiting = 0;
  for (const auto& [id, application] : registry.applications) waiting += application.waits.empty() ? 0 : 1;
  int64_t active_drivers = 0;
  for (const auto& [id, driver] : registry.drivers) active_drivers += driver.isActive() ? 1 : 0;
  const auto absent = static_cast<int64_t>(registry.workers.size()) - totals.workers;
  http::Metrics metrics;
  metrics.states("cerium_cluster_workers", "Registered workers.", {{"alive", totals.workers}, {"absent", absent}});
  metrics.states("cerium_cluster_applications", "Applications that have not ended.",
                 {{"satisfied", static_cast<int64_t>(registry.applications.size()) - waiting}, {"waiting", waiting}});
  metrics.states("cerium_cluster_cores", "Cores of the alive workers.",
                 {{"used", totals.given.cores}, {"free", totals.all.cores - totals.given.cores}});
  metrics.states("cerium_cluster_memory_bytes", "Memory that the alive workers offer.",
                 {{"used", static_cast<int64_t>(totals.given.memory)},
                  {"free", static_cast<int64_t>(totals.all.memory - totals.given.memory)}});
  metrics.gauge("cerium_cluster_executors", "Executors.", static_cast<double>(registry.executors.size()));
  metrics.gauge("cerium_cluster_drivers", "Drivers that wait or run.", static_cast<double>(active_drivers));
  return metrics.response();
}

}  // namespace cerium::cluster_manager
