// Cerium. Licensed under the Apache License 2.0.
#include "cluster-manager/manager/cluster_registry.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

namespace cerium::cluster_manager {
namespace {

template <class Map>
auto* findIn(Map& map, const std::string& id) {
  const auto found = map.find(id);
  return found == map.end() ? nullptr : &found->second;
}

template <class Pointer, class Map>
std::vector<Pointer> inOrder(Map& map) {
  std::vector<Pointer> all;
  for (auto& [id, each] : map) all.push_back(&each);
  std::sort(all.begin(), all.end(), [](Pointer a, Pointer b) { return a->number < b->number; });
  return all;
}

}  // namespace

const char* nameOf(protocol::DriverState state) {
  using enum protocol::DriverState;
  switch (state) {
    case kWaiting:
      return "WAITING";
    case kRunning:
      return "RUNNING";
    case kRelaunching:
      return "RELAUNCHING";
    case kFinished:
      return "FINISHED";
    case kFailed:
      return "FAILED";
    case kKilled:
      return "KILLED";
    case kLost:
      return "LOST";
  }
  return "UNKNOWN";
}

const char* nameOf(protocol::ApplicationState state) {
  using enum protocol::ApplicationState;
  switch (state) {
    case kActive:
      return "ACTIVE";
    case kFinished:
      return "FINISHED";
    case kFailed:
      return "FAILED";
    case kKilled:
      return "KILLED";
  }
  return "UNKNOWN";
}

Worker* ClusterRegistry::findWorker(const std::string& id) { return findIn(workers, id); }
Application* ClusterRegistry::findApplication(const std::string& id) { return findIn(applications, id); }
Driver* ClusterRegistry::findDriver(const std::string& id) { return findIn(drivers, id); }

const protocol::ApplicationRecord* ClusterRegistry::findEnded(const std::string& id) const {
  for (const auto& record : ended_applications) {
    if (record.application.application == id) return &record;
  }
  return nullptr;
}

std::vector<ExecutorKey> ClusterRegistry::executorsOf(const std::string& application) const {
  std::vector<ExecutorKey> found;
  constexpr int64_t kFirst = std::numeric_limits<int64_t>::min();
  for (auto it = executors.lower_bound({application, kFirst}); it != executors.end(); ++it) {
    if (it->first.first != application) break;
    found.push_back(it->first);
  }
  return found;
}

int64_t ClusterRegistry::activeExecutorsOf(const std::string& application) const {
  int64_t active = 0;
  for (const ExecutorKey& key : executorsOf(application)) active += executors.at(key).isRetired() ? 0 : 1;
  return active;
}

std::vector<ExecutorKey> ClusterRegistry::executorsOn(const std::string& worker) const {
  std::vector<ExecutorKey> found;
  for (const auto& [key, executor] : executors) {
    if (executor.worker == worker) found.push_back(key);
  }
  return found;
}

std::vector<Application*> ClusterRegistry::applicationsInOrder() { return inOrder<Application*>(applications); }
std::vector<const Application*> ClusterRegistry::applicationsInOrder() const {
  return inOrder<const Application*>(applications);
}
std::vector<Driver*> ClusterRegistry::driversInOrder() { return inOrder<Driver*>(drivers); }
std::vector<const Driver*> ClusterRegistry::driversInOrder() const { return inOrder<const Driver*>(drivers); }

void ClusterRegistry::add(const ExecutorKey& key, Executor executor) {
  Share& given = workers.at(executor.worker).given;
  given.cores += executor.share.cores;
  given.memory += executor.share.memory;
  executors.emplace(key, std::move(executor));
}

void ClusterRegistry::remove(const ExecutorKey& key) {
  const auto found = executors.find(key);
  if (found == executors.end()) return;
  Share& given = workers.at(found->second.worker).given;
  given.cores -= found->second.share.cores;
  given.memory -= found->second.share.memory;
  executors.erase(found);
}

void ClusterRegistry::retire(const ExecutorKey& key) {
  Executor& executor = executors.at(key);
  Share& given = workers.at(executor.worker).given;
  given.cores -= executor.share.cores;
  given.memory -= executor.share.memory;
  executor.share = {};
}

void ClusterRegistry::addDriver(Worker& worker, const std::string& driver, Share share) {
  if (!worker.drivers.emplace(driver, share).second) return;
  worker.given.cores += share.cores;
  worker.given.memory += share.memory;
}

void ClusterRegistry::removeDriver(Worker& worker, const std::string& driver) {
  const auto found = worker.drivers.find(driver);
  if (found == worker.drivers.end()) return;
  worker.given.cores -= found->second.cores;
  worker.given.memory -= found->second.memory;
  worker.drivers.erase(found);
}

bool ClusterRegistry::areRecovering() const {
  const auto is_awaited = [](const auto& entry) { return entry.second.connection == kNoConnection; };
  return std::any_of(workers.begin(), workers.end(), is_awaited) ||
         std::any_of(applications.begin(), applications.end(),
                     [&](const auto& entry) { return is_awaited(entry) && !entry.second.registered; });
}

std::string checkRegistry(const ClusterRegistry& registry) {
  std::map<std::string, Share> given;
  for (const auto& [id, worker] : registry.workers) {
    for (const auto& [driver, share] : worker.drivers) {
      given[id].cores += share.cores;
      given[id].memory += share.memory;
    }
  }
  for (const auto& [key, executor] : registry.executors) {
    const std::string name = fmt::format("executor {} of {}", key.second, key.first);
    if (!registry.workers.contains(executor.worker)) return name + " is on a worker that is gone";
    if (executor.isRetired() && executor.share.memory > 0) return name + " gave back its cores alone";
    given[executor.worker].cores += executor.share.cores;
    given[executor.worker].memory += executor.share.memory;
    const auto application = registry.applications.find(key.first);
    const bool ended = application == registry.applications.end();
    if (ended && executor.state != ExecutorState::kEnding) return name + " runs on after its application's end";
    if (!ended && application->second.record.next_executor <= key.second) return name + " could come twice";
    if (!ended && application->second.awaited.contains(key.second)) return name + " is there and awaited";
  }
  for (const auto& [id, worker] : registry.workers) {
    const Share& is = worker.given;
    const Share& should = given[id];
    if (is.cores != should.cores || is.memory != should.memory)
      return fmt::format("worker {} gave {} cores, its books say {}", id, should.cores, is.cores);
    if (is.cores > worker.as.cores || is.memory > worker.as.memory)
      return fmt::format("worker {} gave {} of {} cores, {} of {} bytes", id, is.cores, worker.as.cores, is.memory,
                         worker.as.memory);
  }
  for (const auto& [id, driver] : registry.drivers) {
    if (driver.record.state != protocol::DriverState::kRunning) continue;
    const auto worker = registry.workers.find(driver.record.worker);
    if (worker == registry.workers.end()) return "driver " + id + " runs on a worker that is gone";
    if (worker->second.connection != kNoConnection && !worker->second.drivers.contains(id))
      return "driver " + id + " is not in the books of its worker";
  }
  return "";
}

}  // namespace cerium::cluster_manager
