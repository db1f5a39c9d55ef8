// Cerium. Licensed under the Apache License 2.0.
#include "cluster-manager/manager/manager_json.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>

#include "base/util/printable.h"

namespace cerium::cluster_manager {
namespace {

namespace json = boost::json;
using namespace protocol;

uint64_t inMiB(uint64_t bytes) { return bytes >> 20; }

// Text chosen by others passes through printable(): JSON is UTF-8, and its readers print it on terminals.

json::object workerObject(const RegisterWorker& worker, const Share& given, const std::string& state, Millis heard) {
  const auto cores_used = given.cores;
  return {{"id", printable(worker.worker)},
          {"host", printable(worker.host)},
          {"port", worker.port},
          {"webuiaddress",
           worker.web_port == 0 ? "" : fmt::format("http://{}:{}", printable(worker.host), worker.web_port)},
          {"cores", worker.cores},
          {"coresused", cores_used},
          {"coresfree", worker.cores - cores_used},
          {"memory", inMiB(worker.memory)},
          {"memoryused", inMiB(given.memory)},
          {"memoryfree", inMiB(worker.memory - given.memory)},
          {"state", state},
          {"lastheartbeat", heard}};
}

std::string stateOf(const Worker& worker) {
  if (worker.connection == kNoConnection) return "UNKNOWN";
  return worker.as.leaving ? "DECOMMISSIONING" : "ALIVE";
}

std::string stateOf(const Application& application, size_t executors) {
  if (application.connection == kNoConnection) return "UNKNOWN";
  return executors > 0 ? "RUNNING" : "WAITING";
}

json::object applicationObject(const ApplicationRecord& record, const std::string& state) {
  const RegisterApplication& as = record.application;
  return {{"id", printable(as.application)},
          {"name", printable(as.name)},
          {"user", printable(as.user)},
          {"state", state},
          {"starttime", record.started_ms},
          {"memoryperexecutor", inMiB(as.executor_memory)},
          {"coresperexecutor", as.executor_cores},
          {"webuiaddress", printable(as.web_url)}};
}

json::object activeApplication(const ClusterRegistry& registry, const Application& application) {
  json::array executors;
  int64_t cores = 0;
  for (const ExecutorKey& key : registry.executorsOf(application.record.application.application)) {
    const Executor& executor = registry.executors.at(key);
    const char* state = executor.state == ExecutorState::kLaunching ? "LAUNCHING"
                        : executor.state == ExecutorState::kRunning ? "RUNNING"
                                                                    : "ENDING";
    cores += executor.share.cores;
    executors.push_back(json::object{{"id", key.second},
                                     {"worker", printable(executor.worker)},
                                     {"cores", executor.share.cores},
                                     {"memory", inMiB(executor.share.memory)},
                                     {"state", state}});
  }
  json::object object = applicationObject(application.record, stateOf(application, executors.size()));
  object["cores"] = cores;
  object["executors"] = std::move(executors);
  object["waits"] = printable(application.waits);
  return object;
}

json::object endedApplication(const ApplicationRecord& record) {
  json::object object = applicationObject(record, nameOf(record.state));
  object["endtime"] = record.ended_ms;
  object["duration"] = record.ended_ms - record.started_ms;
  object["reason"] = printable(record.reason);
  return object;
}

json::object driverObject(const DriverRecord& record) {
  return {{"id", printable(record.order.driver)}, {"name", printable(record.order.name)},
          {"state", nameOf(record.state)},        {"starttime", record.submitted_ms},
          {"cores", record.order.cores},          {"memory", inMiB(record.order.memory)},
          {"supervise", record.order.supervise},  {"worker", printable(record.worker)},
          {"detail", printable(record.detail)},   {"exitstatus", record.exit_status}};
}

}  // namespace

std::string managerJson(const ClusterRegistry& registry, const ManagerAtAGlance& manager) {
  json::array workers;
  Share all;
  Share given;
  int64_t alive = 0;
  for (const auto& [id, worker] : registry.workers) {
    workers.push_back(workerObject(worker.as, worker.given, stateOf(worker), worker.heard + manager.wall_offset));
    if (worker.connection == kNoConnection) continue;
    ++alive;
    all.cores += worker.as.cores;
    all.memory += worker.as.memory;
    given.cores += worker.given.cores;
    given.memory += worker.given.memory;
  }
  for (const LostWorker& lost : registry.lost_workers) {
    workers.push_back(
        workerObject(lost.as, {}, lost.as.leaving ? "DECOMMISSIONED" : "DEAD", lost.heard + manager.wall_offset));
  }
  json::array active_apps;
  for (const Application* application : registry.applicationsInOrder())
    active_apps.push_back(activeApplication(registry, *application));
  json::array completed_apps;
  for (const ApplicationRecord& record : registry.ended_applications)
    completed_apps.push_back(endedApplication(record));
  json::array active_drivers;
  json::array completed_drivers;
  for (const Driver* driver : registry.driversInOrder())
    (driver->isActive() ? active_drivers : completed_drivers).push_back(driverObject(driver->record));
  return json::serialize(json::object{{"url", manager.url},
                                      {"status", manager.status},
                                      {"workers", std::move(workers)},
                                      {"aliveworkers", alive},
                                      {"cores", all.cores},
                                      {"coresused", given.cores},
                                      {"memory", inMiB(all.memory)},
                                      {"memoryused", inMiB(given.memory)},
                                      {"activeapps", std::move(active_apps)},
                                      {"completedapps", std::move(completed_apps)},
                                      {"activedrivers", std::move(active_drivers)},
                                      {"completeddrivers", std::move(completed_drivers)}}) +
         "\n";
}

}  // namespace cerium::cluster_manager
