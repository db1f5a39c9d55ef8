// Cerium. Licensed under the Apache License 2.0.
// ManagerState: places what waits where resources are free: drivers first, then applications in order of registration.
#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <utility>

#include "cluster-manager/manager/manager_state.h"

namespace cerium::cluster_manager {

using namespace protocol;

namespace {

constexpr int64_t kNoLimit = std::numeric_limits<int64_t>::max() / 2;

}  // namespace

void ManagerState::allocate() {
  changed_ = false;
  std::vector<WorkerRoom> rooms;
  bool drivers_hold = false;
  for (const auto& [id, worker] : registry_.workers) {
    drivers_hold = drivers_hold || !worker.drivers.empty();
    if (worker.connection == kNoConnection || worker.as.leaving) continue;
    rooms.push_back({.worker = id,
                     .cores = worker.as.cores,
                     .memory = worker.as.memory,
                     .cores_free = worker.as.cores - worker.given.cores,
                     .memory_free = worker.as.memory - worker.given.memory});
  }
  placeDrivers(rooms);
  std::string holders = drivers_hold ? "drivers that run in the cluster" : "";
  for (Application* application : registry_.applicationsInOrder()) {
    // The application's executors are known only after its driver and their workers have come back.
    const bool is_known = application->connection != kNoConnection && application->awaited.empty();
    if (is_known) placeExecutors(*application, rooms, holders);
    if (registry_.activeExecutorsOf(application->record.application.application) > 0)
      holders = "applications before it";
  }
}

void ManagerState::placeDrivers(std::vector<WorkerRoom>& rooms) {
  for (Driver* driver : registry_.driversInOrder()) {
    if (!driver->isWaiting() || driver->not_before > now_ || hasApplication(*driver)) continue;
    const DriverOrder& order = driver->record.order;
    const auto room = takeRoom(rooms, order.cores, order.memory);
    if (!room) {
      const std::string why = whyNoRoom(rooms, registry_.workers.size(), order.cores, order.memory, "what runs there");
      // Not in the journal: the reason changes often, and the next manager finds its own.
      if (std::exchange(driver->record.detail, why) != why) tellWatchers(*driver);
      continue;
    }
    Worker& worker = registry_.workers.at(rooms[*room].worker);
    // The driver is still being ended there; its exit triggers the next placement.
    if (worker.drivers.contains(order.driver)) {
      rooms[*room].cores_free += order.cores;
      rooms[*room].memory_free += order.memory;
      continue;
    }
    registry_.addDriver(worker, order.driver, {order.cores, order.memory});
    driver->record.worker = worker.as.worker;
    driver->record.started = false;
    driver->launched = now_;
    setDriver(*driver, DriverState::kRunning, "");
    send(worker.connection, LaunchDriver{order});
  }
}

void ManagerState::placeExecutors(Application& application, std::vector<WorkerRoom>& rooms,
                                  const std::string& holders) {
  const RegisterApplication& wish = application.record.application;
  const int64_t has = registry_.activeExecutorsOf(wish.application);
  int64_t cores = 0;
  for (const ExecutorKey& key : registry_.executorsOf(wish.application))
    cores += registry_.executors.at(key).share.cores;
  ExecutorNeed need{.cores = wish.executor_cores,
                    .memory = wish.executor_memory,
                    .cores_left = wish.cores_max > 0 ? wish.cores_max - cores : kNoLimit,
                    .executors_left = wish.executors_wanted >= 0 ? wish.executors_wanted - has : kNoLimit};
  const std::vector<ExecutorGrant> grants = grantWhereItStarts(application, rooms, need);

  const int64_t first = application.record.next_executor;
  application.record.next_executor += static_cast<int64_t>(grants.size());
  if (!grants.empty()) keep(GrantRecord{wish.application, application.record.next_executor});
  for (size_t i = 0; i < grants.size(); ++i) {
    const int64_t executor = first + static_cast<int64_t>(i);
    const Worker& worker = registry_.workers.at(rooms[grants[i].room].worker);
    const Share share{grants[i].cores, wish.executor_memory};
    registry_.add({wish.application, executor}, {.worker = worker.as.worker, .share = share, .launched = now_});
    tell(application, ExecutorGranted{executor, worker.as.worker, worker.as.host, share.cores, share.memory});
    send(worker.connection, LaunchExecutor{wish.application, executor, share.cores, share.memory, wish.driver_host,
                                           wish.driver_port, wish.program, wish.executor_environment});
    need.cores_left -= share.cores;
    --need.executors_left;
  }

  // Without a limit an application can always use more executors; it counts as waiting only if it has none.
  const bool is_short = need.executors_left > 0 && need.cores_left >= std::max(need.cores, 1);
  const bool has_limit = wish.cores_max > 0 || wish.executors_wanted >= 0;
  std::string reason;
  if (wish.cores_max > 0 && wish.cores_max < wish.executor_cores) {
    reason = fmt::format("cerium.cores.max={} is less than the cerium.executor.cores={} of one executor",
                         wish.cores_max, wish.executor_cores);
  } else if (is_short && (has_limit || (has == 0 && grants.empty()))) {
    const auto resting = std::count_if(rooms.begin(), rooms.end(),
                                       [&](const WorkerRoom& room) { return rests(application, room.worker); });
    reason = resting == 0 ? whyNoRoom(rooms, registry_.workers.size(), need.cores, need.memory, holders)
                          : fmt::format(
                                "its executors end as soon as they start on {} of {} workers, which are tried again in "
                                "a while; the others have no room",
                                resting, rooms.size());
  }
  sayWhyItWaits(application, reason);
}

bool ManagerState::rests(const Application& application, const std::string& worker) const {
  const auto bad = application.bad_starts.find(worker);
  return bad != application.bad_starts.end() && bad->second.not_before > now_;
}

/// As grantExecutors, without workers on which the application's executors repeatedly failed to start.
std::vector<ExecutorGrant> ManagerState::grantWhereItStarts(const Application& application,
                                                            std::vector<WorkerRoom>& rooms, const ExecutorNeed& need) {
  std::vector<size_t> places;
  std::vector<WorkerRoom> open;
  for (size_t i = 0; i < rooms.size(); ++i) {
    if (rests(application, rooms[i].worker)) continue;
    places.push_back(i);
    open.push_back(rooms[i]);
  }
  auto grants = grantExecutors(open, need, options_.spread_out);
  for (size_t i = 0; i < places.size(); ++i) rooms[places[i]] = open[i];
  for (ExecutorGrant& grant : grants) grant.room = places[grant.room];
  return grants;
}

void ManagerState::sayWhyItWaits(Application& application, const std::string& reason) {
  if (application.was_told && application.waits == reason) return;
  const bool is_news = std::exchange(application.waits, reason) != reason;
  application.was_told = true;
  tell(application, ApplicationWaits{reason});
  if (is_news && !reason.empty())
    note(fmt::format("application {} waits: {}", application.record.application.application, reason));
}

}  // namespace cerium::cluster_manager
