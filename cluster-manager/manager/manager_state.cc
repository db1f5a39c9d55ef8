// Cerium. Licensed under the Apache License 2.0.
// ManagerState: connections, time and the journal. The files beside this one handle the messages.
#include "cluster-manager/manager/manager_state.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace cerium::cluster_manager {

using namespace protocol;

namespace {

// a gap this long between two ticks (ten a second) means that the manager stood still
constexpr Millis kStoodStill = 2'000;

template <class... Functions>
struct OneOf : Functions... {
  using Functions::operator()...;
};
template <class... Functions>
OneOf(Functions...) -> OneOf<Functions...>;  // for clang before 17

}  // namespace

ManagerState::ManagerState(Options options) : options_(std::move(options)) {}

Instructions ManagerState::recover(const std::vector<JournalRecord>& records, Millis now) {
  now_ = heard_ = now;
  for (const JournalRecord& record : records) std::visit([this](const auto& each) { restore(each); }, record);
  for (Driver* driver : registry_.driversInOrder()) {
    const bool runs = driver->record.state == DriverState::kRunning;
    if (runs && registry_.findWorker(driver->record.worker) == nullptr)
      driverLost(*driver, "its worker was lost", false);
  }
  if (!records.empty()) {
    note(fmt::format("the journal names {} workers, {} applications and {} drivers; they have {} s to come back",
                     registry_.workers.size(), registry_.applications.size(), registry_.drivers.size(),
                     options_.lost_after / 1000));
  }
  changed_ = true;
  return finish();
}

void ManagerState::restore(const WorkerRecord& record) {
  const std::string& id = record.worker.worker;
  if (record.gone) {
    registry_.workers.erase(id);
  } else {
    registry_.workers[id] = {.as = record.worker,
                             .heard = now_,
                             .awaited_until = now_ + options_.lost_after,
                             .absence = "it did not come back after the manager's restart"};
  }
}

void ManagerState::restore(const ApplicationRecord& record) {
  const std::string& id = record.application.application;
  if (record.state != ApplicationState::kActive) {
    registry_.applications.erase(id);
    rememberEnded(record);
    return;
  }
  const bool is_new = !registry_.applications.contains(id);
  Application& application = registry_.applications[id];
  application.record = record;
  application.deadline = now_ + options_.lost_after;
  if (is_new) application.number = next_number_++;
}

void ManagerState::restore(const GrantRecord& record) {
  Application* application = registry_.findApplication(record.application);
  if (application != nullptr) application->record.next_executor = record.next_executor;
}

void ManagerState::restore(const DriverRecord& record) {
  const bool is_new = !registry_.drivers.contains(record.order.driver);
  Driver& driver = registry_.drivers[record.order.driver];
  driver.record = record;
  const bool may_run = record.state == DriverState::kRelaunching;
  driver.not_before = may_run ? now_ + options_.lost_after : 0;
  if (is_new) driver.number = next_number_++;
}

std::vector<JournalRecord> ManagerState::snapshot() const {
  std::vector<JournalRecord> records;
  for (const auto& [id, worker] : registry_.workers) records.emplace_back(WorkerRecord{worker.as, false});
  for (const ApplicationRecord& ended : registry_.ended_applications) records.emplace_back(ended);
  for (const Application* application : registry_.applicationsInOrder()) records.emplace_back(application->record);
  for (const Driver* driver : registry_.driversInOrder()) records.emplace_back(driver->record);
  return records;
}

Instructions ManagerState::received(ConnectionId from, const ClusterMessage& message, Millis now) {
  now_ = now;
  if (Worker* worker = workerAt(from)) heardFrom(*worker);
  take(from, message);
  return finish();
}

void ManagerState::take(ConnectionId from, const ClusterMessage& message) {
  const OneOf what{
      [&](const RegisterWorker& m) { registerWorker(from, m); },
      [&](const WorkerHeartbeat& m) { asWorker(from, [&](Worker& worker) { worker.memory_used = m.memory_used; }); },
      [&](const ExecutorStarted& m) { asWorker(from, [&](Worker& worker) { executorStarted(worker, m); }); },
      [&](const ExecutorExited& m) { asWorker(from, [&](Worker& worker) { executorExited(worker, m); }); },
      [&](const DriverStarted& m) { asWorker(from, [&](Worker& worker) { driverStarted(worker, m.driver); }); },
      [&](const DriverExited& m) { asWorker(from, [&](Worker& worker) { driverExited(worker, m.driver, m.how); }); },
      [&](const WorkerLeaving&) {
        asWorker(from, [&](Worker& worker) {
          leave(worker, "it was told to leave");
          send(from, LeaveWhenIdle{});  // the last message to this worker
        });
      },
      [&](const RegisterApplication& m) { registerApplication(from, m); },
      [&](const WantExecutors& m) { asApplication(from, [&](Application& app) { wantExecutors(app, m.executors); }); },
      [&](const ReleaseExecutor& m) { asApplication(from, [&](Application& app) { releaseExecutor(app, m); }); },
      [&](const RetireExecutor& m) { asApplication(from, [&](Application& app) { retireExecutor(app, m.executor); }); },
      [&](const EndApplication& m) {
        asApplication(from, [&](Application& app) {
          endApplication(app.record.application.application,
                         m.failed ? ApplicationState::kFailed : ApplicationState::kFinished, m.reason);
        });
      },
      [&](const SubmitDriver& m) { submitDriver(from, m.order); },
      [&](const KillDriver& m) {
        endDriver(m.driver);
        watchDriver(from, m.driver);
      },
      [&](const InterruptDriver& m) { interruptDriver(from, m.driver); },
      [&](const AskDriver& m) { watchDriver(from, m.driver); },
      [&](const DecommissionWorkers& m) { decommission(from, m.host); },
      [&](const auto&) {
        out_.push_back(Close{from, "it sends messages that a manager does not take"});
      }};
  std::visit(what, message);
}

Instructions ManagerState::disconnected(ConnectionId connection, Millis now) {
  now_ = now;
  for (auto& [id, driver] : registry_.drivers) driver.watchers.erase(connection);
  const auto found = identities_.find(connection);
  if (found == identities_.end()) return finish();
  const Identity who = found->second;
  identities_.erase(found);
  if (who.role == Role::kWorker) {
    awaitWorker(who.id);
  } else if (Application* application = registry_.findApplication(who.id)) {
    application->connection = kNoConnection;
    application->deadline = now + options_.lost_after;
    note(fmt::format("the driver of {} is not connected any more; it has {} s to come back", who.id,
                     options_.lost_after / 1000));
  }
  return finish();
}

Instructions ManagerState::killApplication(const std::string& id, Millis now) {
  const std::string reason = "it was killed in the manager's web pages";
  now_ = now;
  if (Application* application = registry_.findApplication(id)) {
    tell(*application, ApplicationRemoved{reason});
    endApplication(id, ApplicationState::kKilled, reason);
  }
  return finish();
}

Instructions ManagerState::killDriver(const std::string& id, Millis now) {
  now_ = now;
  endDriver(id);
  return finish();
}

Instructions ManagerState::drainWorker(const std::string& id, Millis now) {
  now_ = now;
  if (Worker* worker = registry_.findWorker(id)) drain(*worker);
  return finish();
}

Instructions ManagerState::tick(Millis now) {
  const bool stood_still = ticked_ > 0 && now - ticked_ > kStoodStill;
  now_ = ticked_ = now;
  if (stood_still) giveTime();
  if (!std::exchange(cut_off_, isCutOff()) && cut_off_) {
    note(fmt::format(
        "no message from any of {} workers for {} s: this manager may be cut off, so no worker is given up for {} s",
        registry_.workers.size(), (now_ - heard_) / 1000, (options_.cut_off_for - now_ + heard_) / 1000));
  }
  if (cut_off_) return finish();
  loseAbsentWorkers();
  abandonApplications();
  for (auto& [id, driver] : registry_.drivers) {
    if (driver.not_before == 0 || driver.not_before > now) continue;
    driver.not_before = 0;
    changed_ = true;
  }
  for (auto& [id, application] : registry_.applications) {
    for (auto& [worker, bad] : application.bad_starts) {
      if (bad.not_before == 0 || bad.not_before > now) continue;
      bad.not_before = 0;
      changed_ = true;
    }
  }
  return finish();
}

bool ManagerState::isCutOff() const {
  // Half of `lost_after`, so that this is noticed before the first worker is given up, whenever in its second each
  // worker sends its heartbeat.
  const Millis silence = now_ - heard_;
  return registry_.workers.size() > 1 && silence > options_.lost_after / 2 && silence < options_.cut_off_for;
}

void ManagerState::heardFrom(Worker& worker) {
  worker.heard = heard_ = now_;
  if (!std::exchange(cut_off_, false)) return;
  note("workers are heard again");
  giveTime();
}

/// Called when this manager, its disk or its network stood still: messages of that time wait to be read, or their
/// senders are reconnecting. Workers and drivers get as long as after a restart, however long the standstill was.
void ManagerState::giveTime() {
  const Millis until = now_ + options_.lost_after;
  heard_ = now_;
  for (auto& [id, worker] : registry_.workers) {
    worker.heard = now_;
    worker.awaited_until = std::max(worker.awaited_until, until);
  }
  for (auto& [id, application] : registry_.applications) {
    application.deadline = std::max(application.deadline, until);
    application.awaited_until = std::max(application.awaited_until, until);
  }
  for (auto& [id, driver] : registry_.drivers) {
    if (driver.not_before > 0) driver.not_before = std::max(driver.not_before, until);
  }
}

void ManagerState::loseAbsentWorkers() {
  std::vector<std::pair<std::string, std::string>> lost;
  for (const auto& [id, worker] : registry_.workers) {
    if (worker.connection == kNoConnection) {
      if (now_ >= worker.awaited_until) lost.emplace_back(id, worker.absence);
    } else if (now_ - worker.heard > options_.lost_after) {
      lost.emplace_back(id, fmt::format("silent for {} s", options_.lost_after / 1000));
    }
  }
  for (const auto& [id, reason] : lost) loseWorker(id, reason);
}

void ManagerState::abandonApplications() {
  std::vector<std::string> abandoned;
  for (auto& [id, application] : registry_.applications) {
    const bool awaited = application.connection == kNoConnection;
    if (awaited && now_ >= application.deadline) abandoned.push_back(id);
    if (!awaited && !application.awaited.empty() && now_ >= application.awaited_until) giveUpAwaited(application);
  }
  for (const std::string& id : abandoned)
    endApplication(id, ApplicationState::kFailed,
                   fmt::format("its driver was gone for {} s without ending it", options_.lost_after / 1000));
}

Instructions ManagerState::finish() {
  if (changed_) allocate();
  return std::exchange(out_, {});
}

void ManagerState::send(ConnectionId to, ClusterMessage message) {
  if (to != kNoConnection) out_.push_back(Send{to, std::move(message)});
}

void ManagerState::refuse(ConnectionId from, const std::string& reason) {
  send(from, Refused{reason, false});
  out_.push_back(Close{from, reason});
}

bool ManagerState::identify(ConnectionId from, Role role, const std::string& id, ConnectionId& connection) {
  const auto known = identities_.find(from);
  if (known != identities_.end() && (known->second.role != role || known->second.id != id)) {
    out_.push_back(Close{from, "it registers under two ids"});
    return false;
  }
  if (connection != kNoConnection && connection != from) {
    identities_.erase(connection);
    out_.push_back(Close{connection, "it registered again on another connection"});
  }
  identities_[from] = {role, id};
  connection = from;
  return true;
}

Worker* ManagerState::workerAt(ConnectionId from) {
  const auto found = identities_.find(from);
  const bool is_worker = found != identities_.end() && found->second.role == Role::kWorker;
  return is_worker ? registry_.findWorker(found->second.id) : nullptr;
}

Application* ManagerState::applicationAt(ConnectionId from) {
  const auto found = identities_.find(from);
  const bool is_application = found != identities_.end() && found->second.role == Role::kApplication;
  return is_application ? registry_.findApplication(found->second.id) : nullptr;
}

void ManagerState::asWorker(ConnectionId from, const std::function<void(Worker&)>& what) {
  if (Worker* worker = workerAt(from)) {
    what(*worker);
  } else {
    out_.push_back(Close{from, "it sends a worker's message and is not registered"});
  }
}

void ManagerState::asApplication(ConnectionId from, const std::function<void(Application&)>& what) {
  if (Application* application = applicationAt(from)) {
    what(*application);
  } else if (!identities_.contains(from)) {  // a known connection may belong to an application that has just ended
    out_.push_back(Close{from, "it sends a driver's message and is not registered"});
  }
}

}  // namespace cerium::cluster_manager
