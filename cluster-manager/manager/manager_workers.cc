// Cerium. Licensed under the Apache License 2.0.
// ManagerState: workers register, report what they run, leave and are lost.
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/util/new_id.h"
#include "cluster-manager/manager/manager_state.h"

namespace cerium::cluster_manager {

using namespace protocol;

namespace {

constexpr size_t kLostWorkersShown = 50;
constexpr int32_t kMostCores = 1'000'000;  // small enough that sums do not overflow
constexpr Millis kSoonEnded = 10'000;
constexpr int kFreeTries = 2;
constexpr Millis kFirstRest = 50;  // How long a worker rests after more failed starts; doubled with each one.
constexpr Millis kLongestRest = 30'000;

std::string whatIsWrong(const RegisterWorker& message) {
  if (!isSafeId(message.worker)) return "a worker's id has to be of letters, digits, '-', '_' and '.'";
  if (message.host.empty()) return "a worker has to name its host";
  if (message.cores < 1 || message.cores > kMostCores || message.memory == 0)
    return fmt::format("worker {} offers {} cores and {} bytes of memory; it needs from 1 to {} cores and some memory",
                       message.worker, message.cores, message.memory, kMostCores);
  return "";
}

}  // namespace

void ManagerState::registerWorker(ConnectionId from, const RegisterWorker& message) {
  if (const std::string wrong = whatIsWrong(message); !wrong.empty()) return refuse(from, wrong);
  const std::string& id = message.worker;
  std::string predecessor;
  for (const auto& [other_id, other] : registry_.workers) {
    const bool same_place = other.as.host == message.host && other.as.port == message.port && message.port != 0;
    if (other_id != id && same_place) predecessor = other_id;
  }
  if (!predecessor.empty()) loseWorker(predecessor, "another worker listens where it did");

  const bool is_new = !registry_.workers.contains(id);
  Worker& worker = registry_.workers[id];
  if (!identify(from, Role::kWorker, id, worker.connection)) {
    if (is_new) registry_.workers.erase(id);
    return;
  }
  // an earlier manager may have told it to leave, and the message been lost
  const bool was_leaving = worker.as.leaving;
  worker.as = message;
  worker.as.executors.clear();
  worker.as.drivers.clear();
  worker.as.leaving = was_leaving;
  heardFrom(worker);
  worker.absence.clear();
  std::erase_if(registry_.lost_workers, [&](const LostWorker& lost) { return lost.as.worker == id; });
  keepWorker(worker, false);
  send(from, WorkerAccepted{options_.url});
  adoptDrivers(worker, message.drivers);
  adoptExecutors(worker, message.executors);
  if (message.leaving) leave(worker, "it was told to leave");
  if (worker.as.leaving) send(from, LeaveWhenIdle{});
  note(fmt::format("worker {} at {}:{} with {} cores and {} has registered, running {} executors and {} drivers", id,
                   message.host, message.port, message.cores, formatMemory(message.memory), message.executors.size(),
                   message.drivers.size()));
  changed_ = true;
}

void ManagerState::adoptExecutors(Worker& worker, const std::vector<ExecutorOnWorker>& executors) {
  std::set<ExecutorKey> said;
  for (const ExecutorOnWorker& each : executors) said.emplace(each.application, each.executor);
  // First remove the executors that the worker does not run (they ended, or the order to start them was lost): their
  // shares may be held by executors that the worker does run.
  for (const ExecutorKey& key : registry_.executorsOn(worker.as.worker)) {
    if (!said.contains(key)) executorGone(key, true, {});
  }
  for (const ExecutorOnWorker& each : executors) adoptExecutor(worker, each);
}

void ManagerState::adoptExecutor(Worker& worker, const ExecutorOnWorker& said) {
  const ExecutorKey key(said.application, said.executor);
  const auto end = [&](const std::string& reason) {
    send(worker.connection, EndExecutor{said.application, said.executor, reason});
  };
  if (const auto booked = registry_.executors.find(key); booked != registry_.executors.end()) {
    Executor& executor = booked->second;
    if (executor.worker != worker.as.worker) return end("it runs on another worker");
    if (executor.state == ExecutorState::kEnding) return end("it was told to end");
    executor.state = ExecutorState::kRunning;
    return;
  }
  const bool plausible = isSafeId(said.application) && said.executor >= 0 && said.cores >= 0 &&
                         (said.cores > 0 || said.memory == 0) && said.cores <= worker.as.cores - worker.given.cores &&
                         said.memory <= worker.as.memory - worker.given.memory;
  if (!plausible) return end("it is more than its worker has");

  Application* application = registry_.findApplication(said.application);
  const bool ended = application == nullptr && registry_.findEnded(said.application) != nullptr;
  if (application == nullptr && !ended) application = &awaitUnknown(said.application);
  const bool named = application != nullptr && application->awaited.erase(said.executor) > 0;
  const bool given_up = ended || (application->registered && !named);
  if (application != nullptr) {
    application->record.next_executor = std::max(application->record.next_executor, said.executor + 1);
  }
  registry_.add(key, {.worker = worker.as.worker,
                      .share = {said.cores, said.memory},
                      .state = given_up ? ExecutorState::kEnding : ExecutorState::kRunning,
                      .launched = now_});
  if (application != nullptr && application->retired.contains(said.executor))
    retireExecutor(*application, said.executor);
  if (given_up) end(ended ? "its application has ended" : "its worker was given up");
}

void ManagerState::adoptDrivers(Worker& worker, const std::vector<std::string>& drivers) {
  const std::set<std::string> said(drivers.begin(), drivers.end());
  const std::string& here = worker.as.worker;
  for (const std::string& id : said) {
    Driver* driver = registry_.findDriver(id);
    const Share share = driver == nullptr ? Share{} : Share{driver->record.order.cores, driver->record.order.memory};
    registry_.addDriver(worker, id, share);
    const bool is_its =
        driver != nullptr && driver->record.state == DriverState::kRunning && driver->record.worker == here;
    // The driver was given up when its worker's connection broke, and has not been launched again.
    const bool is_found_again = driver != nullptr && driver->record.state == DriverState::kRelaunching;
    if (!is_its && !is_found_again) {
      send(worker.connection, EndDriver{id, "it was given up"});
      continue;
    }
    if (is_found_again) {
      driver->record.worker = here;
      driver->not_before = 0;
      setDriver(*driver, DriverState::kRunning, "");
    }
    driverStarted(worker, id);
    if (driver->record.kill_asked) {
      send(worker.connection, EndDriver{id, "it was killed"});
    } else if (driver->record.interrupted) {
      send(worker.connection, InterruptDriver{id});
    }
  }
  for (Driver* driver : registry_.driversInOrder()) {
    const std::string& id = driver->record.order.driver;
    if (said.contains(id)) continue;
    registry_.removeDriver(worker, id);
    if (driver->record.state != DriverState::kRunning || driver->record.worker != here) continue;
    if (driver->record.started) {
      driverLost(*driver, "it ended while its worker had no manager", true);
      continue;
    }
    // The order to start the driver was lost with the connection, or with the previous manager.
    driver->record.worker.clear();
    if (driver->record.kill_asked || driver->record.interrupted) {
      setDriver(*driver, DriverState::kKilled, "killed before it ran");
    } else {
      setDriver(*driver, DriverState::kWaiting, "");
    }
  }
}

void ManagerState::executorStarted(Worker& worker, const ExecutorStarted& message) {
  const auto found = registry_.executors.find({message.application, message.executor});
  if (found == registry_.executors.end() || found->second.worker != worker.as.worker) return;
  if (found->second.state == ExecutorState::kEnding) return;
  found->second.state = ExecutorState::kRunning;
  if (Application* application = registry_.findApplication(message.application))
    tell(*application, ExecutorRunning{message.executor, message.log});
}

void ManagerState::executorExited(Worker& worker, const ExecutorExited& message) {
  const ExecutorKey key(message.application, message.executor);
  send(worker.connection, EndNoted{message.application, message.executor});
  const auto found = registry_.executors.find(key);
  if (found == registry_.executors.end() || found->second.worker != worker.as.worker) return;
  countStart(key, found->second);
  executorGone(key, false, message.how);
}

/// Without this, a worker on which executors end at once would be chosen again and again, being the emptiest. It rests
/// for longer each time.
void ManagerState::countStart(const ExecutorKey& key, const Executor& executor) {
  Application* application = registry_.findApplication(key.first);
  if (application == nullptr || executor.state == ExecutorState::kEnding) return;
  if (now_ - executor.launched >= kSoonEnded) {
    application->bad_starts.erase(executor.worker);
    return;
  }
  BadStarts& bad = application->bad_starts[executor.worker];
  const int pauses = ++bad.in_a_row - kFreeTries;
  if (pauses > 0) bad.not_before = now_ + std::min(kFirstRest << std::min(pauses - 1, 20), kLongestRest);
}

void ManagerState::executorGone(const ExecutorKey& key, bool worker_lost, const ExitInfo& how) {
  registry_.remove(key);
  changed_ = true;
  if (Application* application = registry_.findApplication(key.first))
    tell(*application, ExecutorGone{key.second, worker_lost, how});
}

void ManagerState::endExecutor(const ExecutorKey& key, const std::string& reason) {
  Executor& executor = registry_.executors.at(key);
  if (executor.state == ExecutorState::kEnding) return;
  executor.state = ExecutorState::kEnding;
  send(registry_.workers.at(executor.worker).connection, EndExecutor{key.first, key.second, reason});
}

void ManagerState::decommission(ConnectionId from, const std::string& host) {
  Decommissioning answer;
  for (auto& [id, worker] : registry_.workers) {
    if (worker.as.host != host && id != host) continue;
    drain(worker);
    answer.workers.push_back(id);
  }
  send(from, answer);
}

void ManagerState::drain(Worker& worker) {
  leave(worker, "it was decommissioned");
  send(worker.connection, LeaveWhenIdle{});
}

void ManagerState::leave(Worker& worker, const std::string& reason) {
  if (worker.as.leaving) return;
  worker.as.leaving = true;
  keepWorker(worker, false);
  changed_ = true;
  for (const ExecutorKey& key : registry_.executorsOn(worker.as.worker)) {
    if (Application* application = registry_.findApplication(key.first))
      tell(*application, ExecutorLeaving{key.second, fmt::format("worker {}: {}", worker.as.worker, reason)});
  }
  note(fmt::format("worker {} leaves: {}", worker.as.worker, reason));
}

/// The worker's connection broke. Its executors and drivers presumably keep running; it gets no new work until it is
/// back.
void ManagerState::awaitWorker(const std::string& id) {
  Worker& worker = registry_.workers.at(id);
  worker.connection = kNoConnection;
  if (worker.as.leaving && worker.drivers.empty() && registry_.executorsOn(id).empty())
    return loseWorker(id, "it has left");
  worker.awaited_until = now_ + options_.back_within;
  worker.absence = "its connection broke";
  note(fmt::format("the connection of worker {} at {} broke; it has {} ms to come back", id, worker.as.host,
                   options_.back_within));
  changed_ = true;
}

void ManagerState::loseWorker(const std::string& id, const std::string& reason) {
  Worker& worker = registry_.workers.at(id);
  if (worker.connection != kNoConnection && identities_.erase(worker.connection) > 0)
    out_.push_back(Close{worker.connection, reason});
  note(fmt::format("worker {} at {} is lost: {}", id, worker.as.host, reason));
  for (const ExecutorKey& key : registry_.executorsOn(id)) executorGone(key, true, {});
  for (Driver* driver : registry_.driversInOrder()) {
    if (driver->record.state == DriverState::kRunning && driver->record.worker == id)
      driverLost(*driver, fmt::format("its worker {} was lost: {}", id, reason), false);
  }
  for (auto& [name, application] : registry_.applications) application.bad_starts.erase(id);
  keepWorker(worker, true);
  registry_.lost_workers.push_back({worker.as, worker.heard});
  if (registry_.lost_workers.size() > kLostWorkersShown) registry_.lost_workers.pop_front();
  registry_.workers.erase(id);
  changed_ = true;
}

}  // namespace cerium::cluster_manager
