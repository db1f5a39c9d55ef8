// Cerium. Licensed under the Apache License 2.0.
// ManagerState: drivers that run in the cluster are submitted, watched, launched again where supervised, and killed.
#include <fmt/format.h>

#include <algorithm>

#include "base/util/new_id.h"
#include "cluster-manager/manager/manager_state.h"

namespace cerium::cluster_manager {

using namespace protocol;

namespace {

constexpr size_t kEndedDriversKept = 200;
constexpr Millis kFirstPause = 1'000;  // Before a supervised driver is launched again; doubled with each early end.
constexpr int kMostDoublings = 6;      // The pause grows to about a minute.
constexpr Millis kLongRun = 60'000;    // A run of this length resets the pause.

std::string whatIsWrong(const DriverOrder& order) {
  if (!isSafeId(order.driver)) return "a driver's id has to be of letters, digits, '-', '_' and '.'";
  if (order.cores < 1 || order.memory == 0)
    return fmt::format("driver {} asks for {} cores and {} bytes of memory; it needs at least one of each",
                       order.driver, order.cores, order.memory);
  return "";
}

std::string describe(const ExitInfo& how) {
  std::string text = how.reason;
  if (text.empty() && how.signal != 0) text = fmt::format("killed by signal {}", how.signal);
  if (text.empty()) text = fmt::format("exited with status {}", how.exit_status);
  if (!how.log.empty()) text += "; its log is " + how.log;
  if (!how.log_end.empty()) text += "\n" + how.log_end;
  return text;
}

DriverStatus statusOf(const Driver& driver, const std::string& host) {
  const DriverRecord& record = driver.record;
  return {record.order.driver, nameOf(record.state), record.worker, host, record.detail, record.exit_status};
}

}  // namespace

void ManagerState::submitDriver(ConnectionId from, const DriverOrder& order) {
  if (const std::string wrong = whatIsWrong(order); !wrong.empty()) return refuse(from, wrong);
  if (!registry_.drivers.contains(order.driver)) {
    Driver& driver = registry_.drivers[order.driver];
    driver.number = next_number_++;
    driver.record.order = order;
    driver.record.submitted_ms = wallTime();
    setDriver(driver, DriverState::kWaiting, "");
    forgetOldDrivers();
    changed_ = true;
  }
  watchDriver(from, order.driver);
}

void ManagerState::watchDriver(ConnectionId from, const std::string& id) {
  Driver* driver = registry_.findDriver(id);
  if (driver == nullptr) return send(from, DriverStatus{id, "UNKNOWN", "", "", "no such driver was submitted here", 0});
  driver->watchers.insert(from);
  const Worker* worker = registry_.findWorker(driver->record.worker);
  send(from, statusOf(*driver, worker == nullptr ? "" : worker->as.host));
}

void ManagerState::endDriver(const std::string& id) {
  Driver* driver = registry_.findDriver(id);
  if (driver != nullptr && driver->isWaiting()) {
    setDriver(*driver, DriverState::kKilled, "killed before it ran");
    changed_ = true;
  } else if (driver != nullptr && driver->isActive() && !driver->record.kill_asked) {
    driver->record.kill_asked = true;
    keep(driver->record);
    if (const Worker* worker = registry_.findWorker(driver->record.worker))
      send(worker->connection, EndDriver{id, "it was killed"});
  }
}

void ManagerState::interruptDriver(ConnectionId from, const std::string& id) {
  Driver* driver = registry_.findDriver(id);
  const Worker* worker = driver == nullptr ? nullptr : registry_.findWorker(driver->record.worker);
  if (driver != nullptr && driver->isWaiting()) {  // it has no jobs to cancel
    endDriver(id);
    return watchDriver(from, id);
  }
  if (driver != nullptr && driver->isActive() && !driver->record.interrupted) {
    driver->record.interrupted = true;
    keep(driver->record);
  }
  if (worker != nullptr && driver->record.state == DriverState::kRunning) send(worker->connection, InterruptDriver{id});
  watchDriver(from, id);
}

void ManagerState::driverStarted(Worker& worker, const std::string& id) {
  Driver* driver = registry_.findDriver(id);
  if (driver == nullptr || driver->record.worker != worker.as.worker || driver->record.started) return;
  driver->record.started = true;
  keep(driver->record);
}

void ManagerState::driverExited(Worker& worker, const std::string& id, const ExitInfo& how) {
  registry_.removeDriver(worker, id);
  changed_ = true;
  send(worker.connection, EndNoted{id, -1});  // the records that follow are on disk before this is sent
  Driver* driver = registry_.findDriver(id);
  if (driver == nullptr || driver->record.state != DriverState::kRunning || driver->record.worker != worker.as.worker)
    return;
  driver->record.exit_status = how.signal != 0 ? 128 + how.signal : how.exit_status;  // as shells report it
  endApplicationsOf(*driver);
  if (driver->record.kill_asked) {
    setDriver(*driver, DriverState::kKilled, describe(how));
  } else if (driver->record.exit_status == 0) {
    setDriver(*driver, DriverState::kFinished, "");
  } else if (driver->record.order.supervise && !driver->record.interrupted) {
    relaunchLater(*driver, describe(how));
  } else {
    setDriver(*driver, DriverState::kFailed, describe(how));
  }
}

void ManagerState::driverLost(Driver& driver, const std::string& reason, bool sure) {
  if (driver.record.kill_asked) {
    setDriver(driver, DriverState::kKilled, reason);
  } else if (driver.record.order.supervise && !driver.record.interrupted) {
    // until then the driver may be found again or told to end
    relaunchLater(driver, reason, sure ? 0 : options_.lost_after);
  } else if (driver.record.interrupted) {
    setDriver(driver, DriverState::kFailed, reason);
  } else {
    setDriver(driver, DriverState::kLost, reason + "; --supervise would have launched it again");
  }
}

void ManagerState::relaunchLater(Driver& driver, const std::string& detail, Millis at_least) {
  if (now_ - driver.launched > kLongRun) driver.starts_in_a_row = 0;
  driver.not_before = now_ + std::max(at_least, kFirstPause << std::min(driver.starts_in_a_row++, kMostDoublings));
  setDriver(driver, DriverState::kRelaunching, detail);
}

/// Whether an application of the driver is connected or awaited: then the driver runs, even if its worker does not
/// report it.
bool ManagerState::hasApplication(const Driver& driver) const {
  return std::any_of(registry_.applications.begin(), registry_.applications.end(), [&](const auto& each) {
    return each.second.record.application.driver == driver.record.order.driver;
  });
}

void ManagerState::endApplicationsOf(const Driver& driver) {
  std::vector<std::string> ended;
  for (const auto& [id, application] : registry_.applications) {
    if (application.record.application.driver == driver.record.order.driver) ended.push_back(id);
  }
  for (const std::string& id : ended)
    endApplication(id, ApplicationState::kFailed, "its driver exited without ending it");
}

void ManagerState::setDriver(Driver& driver, DriverState state, const std::string& detail) {
  DriverRecord& record = driver.record;
  record.state = state;
  record.detail = detail;
  if (!driver.isActive()) {
    record.order.program = {};
    record.order.files.clear();
    record.order.environment.clear();
  }
  keep(record);
  tellWatchers(driver);
}

void ManagerState::tellWatchers(const Driver& driver) {
  const DriverRecord& record = driver.record;
  const Worker* worker = registry_.findWorker(record.worker);
  for (const ConnectionId watcher : driver.watchers)
    send(watcher, statusOf(driver, worker == nullptr ? "" : worker->as.host));
  note(fmt::format("driver {}: {}{}{}", record.order.driver, nameOf(record.state), record.detail.empty() ? "" : ", ",
                   record.detail));
}

void ManagerState::forgetOldDrivers() {
  size_t ended = 0;
  for (const auto& [id, driver] : registry_.drivers) ended += driver.isActive() ? 0 : 1;
  for (const Driver* driver : registry_.driversInOrder()) {
    if (ended <= kEndedDriversKept) return;
    if (driver->isActive()) continue;
    registry_.drivers.erase(std::string(driver->record.order.driver));
    --ended;
  }
}

}  // namespace cerium::cluster_manager
