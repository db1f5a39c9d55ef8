// Cerium. Licensed under the Apache License 2.0.
#include "cluster-manager/worker/worker_json.h"

#include <boost/json.hpp>
#include <cstring>

#include "base/util/printable.h"

namespace cerium::cluster_manager {
namespace {

namespace json = boost::json;
using Child = WorkerState::Child;

uint64_t inMiB(uint64_t bytes) { return bytes >> 20; }

const char* stateOf(const Child& child) {
  switch (child.phase) {
    case Child::Phase::kStarting:
      return "LAUNCHING";
    case Child::Phase::kRunning:
      return child.told_to_end.empty() ? "RUNNING" : "ENDING";
    case Child::Phase::kEnded:
      break;
  }
  return "EXITED";
}

const char* stateOf(const WorkerState& state) {
  if (state.leaving()) return "DECOMMISSIONING";
  return state.link() == WorkerState::Link::kRegistered ? "ALIVE" : "UNREGISTERED";
}

json::object childObject(const ChildId& id, const Child& child) {
  json::object object{{"state", stateOf(child)}, {"cores", child.cores}, {"memory", inMiB(child.memory)}};
  if (id.isDriver()) {
    object["id"] = printable(id.owner);
    object["name"] = printable(child.name);
  } else {
    object["id"] = id.executor;
    object["appid"] = printable(id.owner);
  }
  if (!child.log.empty()) object["log"] = printable(child.log);
  if (child.phase == Child::Phase::kEnded) {
    object["exitstatus"] = child.how.exit_status;
    object["signal"] = child.how.signal;
    object["reason"] = printable(child.how.reason);
  }
  return object;
}

/// A child as the pages show it.
json::object childRow(const ChildId& id, const Child& child) {
  json::object row{{"key", printable(id.str())},
                   {"id", id.isDriver() ? printable(id.owner) : std::to_string(id.executor)},
                   {"status", stateOf(child)},
                   {"cores", child.cores},
                   {"memoryBytes", child.memory}};
  if (id.isDriver()) {
    row["name"] = printable(child.name);
  } else {
    row["appId"] = printable(id.owner);
  }
  if (child.phase != Child::Phase::kEnded) return row;
  row["exitStatus"] = child.how.exit_status;
  if (child.how.signal > 0) row["signal"] = ::strsignal(child.how.signal);
  row["reason"] = printable(child.how.reason);
  return row;
}

}  // namespace

std::string workerPageJson(const WorkerState& state, const protocol::RegisterWorker& self, const WorkerPage& page) {
  json::array executors, drivers;
  for (const bool ended : {false, true}) {
    for (const auto& [id, child] : state.children()) {
      if ((child.phase == Child::Phase::kEnded) != ended) continue;
      (id.isDriver() ? drivers : executors).push_back(childRow(id, child));
    }
  }
  json::object object{{"id", self.worker},
                      {"host", printable(self.host)},
                      {"port", self.port},
                      {"status", stateOf(state)},
                      {"manager", printable(state.manager())},
                      {"now", page.now},
                      {"cores", self.cores},
                      {"coresUsed", state.coresUsed()},
                      {"memoryBytes", self.memory},
                      {"memoryUsedBytes", state.memoryUsed()},
                      {"executors", std::move(executors)},
                      {"drivers", std::move(drivers)}};
  if (!page.manager_pages.empty()) object["managerUi"] = page.manager_pages;
  return json::serialize(object);
}

std::string workerJson(const WorkerState& state, const protocol::RegisterWorker& self) {
  json::array executors, drivers, finished_executors, finished_drivers;
  for (const auto& [id, child] : state.children()) {
    const bool ended = child.phase == Child::Phase::kEnded;
    auto& list = id.isDriver() ? (ended ? finished_drivers : drivers) : (ended ? finished_executors : executors);
    list.push_back(childObject(id, child));
  }
  return json::serialize(json::object{{"id", self.worker},
                                      {"host", printable(self.host)},
                                      {"port", self.port},
                                      {"state", stateOf(state)},
                                      {"masterurl", printable(state.manager())},
                                      {"cores", self.cores},
                                      {"coresused", state.coresUsed()},
                                      {"memory", inMiB(self.memory)},
                                      {"memoryused", inMiB(state.memoryUsed())},
                                      {"executors", std::move(executors)},
                                      {"finishedexecutors", std::move(finished_executors)},
                                      {"drivers", std::move(drivers)},
                                      {"finisheddrivers", std::move(finished_drivers)}});
}

}  // namespace cerium::cluster_manager
