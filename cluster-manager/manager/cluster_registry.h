// Cerium. Licensed under the Apache License 2.0.
// What a manager knows: workers, applications, executors and drivers, and who holds what. Plain data that ManagerState
// changes and manager_json.h shows.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/protocol/cluster_messages.h"
#include "base/protocol/journal_records.h"
#include "base/util/millis.h"

namespace cerium::cluster_manager {

/// Given by the shell to each connection, never twice.
using ConnectionId = int64_t;
inline constexpr ConnectionId kNoConnection = -1;

/// Of a worker's cores and memory.
struct Share {
  int32_t cores = 0;
  uint64_t memory = 0;
};

struct Worker {
  protocol::RegisterWorker as;                ///< Without what it runs; one that is leaving gets nothing new.
  ConnectionId connection = kNoConnection;    ///< None while it is awaited.
  Millis heard = 0;                           ///< Its last message.
  Millis awaited_until = 0;                   ///< Where it has no connection; then it is lost.
  std::string absence = {};                   ///< Why it has none.
  uint64_t memory_used = 0;                   ///< As it says; not what is given away.
  std::map<std::string, Share> drivers = {};  ///< That run here or are being ended.
  Share given = {};                           ///< To executors and drivers.
};

enum class ExecutorState { kLaunching, kRunning, kEnding };

/// Holds its share of the worker until the worker says that it ended, also when it was told to end.
struct Executor {
  std::string worker;
  Share share;
  ExecutorState state = ExecutorState::kLaunching;
  Millis launched = 0;

  /// It gave its share back, and lives on to serve what it made.
  [[nodiscard]] bool isRetired() const { return share.cores == 0; }
};
/// Application and number.
using ExecutorKey = std::pair<std::string, int64_t>;

/// A worker on which an application's executors end as soon as they start.
struct BadStarts {
  int in_a_row = 0;
  Millis not_before = 0;  ///< When the next one may be started there.
};

struct Application {
  protocol::ApplicationRecord record;
  int64_t number = 0;                       ///< The order of registration.
  ConnectionId connection = kNoConnection;  ///< None while its driver is awaited.
  Millis deadline = 0;                      ///< When an awaited driver is given up.
  bool registered = false;                  ///< With this manager, since it is in charge.
  std::set<int64_t> awaited = {};           ///< Executors that the driver named and no worker did yet.
  Millis awaited_until = 0;
  std::set<int64_t> retired = {};                    ///< Executors that the driver said it has retired.
  std::map<std::string, BadStarts> bad_starts = {};  ///< By worker.
  std::string waits = {};  ///< Why it has fewer executors than it wants, as the driver was told.
  bool was_told = false;   ///< Since it registered, whether it waits.
};

/// As users read it: "WAITING".
[[nodiscard]] const char* nameOf(protocol::DriverState state);
[[nodiscard]] const char* nameOf(protocol::ApplicationState state);

struct Driver {
  protocol::DriverRecord record;
  int64_t number = 0;  ///< The order of submission.
  Millis launched = 0;
  int starts_in_a_row = 0;  ///< That ended soon.
  Millis not_before = 0;    ///< When a supervised driver may be launched again.
  std::set<ConnectionId> watchers = {};

  [[nodiscard]] bool isWaiting() const {
    return record.state == protocol::DriverState::kWaiting || record.state == protocol::DriverState::kRelaunching;
  }
  [[nodiscard]] bool isActive() const { return isWaiting() || record.state == protocol::DriverState::kRunning; }
};

/// A worker that was lost, for those who look what became of it.
struct LostWorker {
  protocol::RegisterWorker as;
  Millis heard = 0;
};

struct ClusterRegistry {
  std::map<std::string, Worker> workers;
  std::deque<LostWorker> lost_workers;
  std::map<std::string, Application> applications;
  std::deque<protocol::ApplicationRecord> ended_applications;
  std::map<ExecutorKey, Executor> executors;  ///< Also of ended applications, until they are gone.
  std::map<std::string, Driver> drivers;      ///< Also ended ones.

  [[nodiscard]] Worker* findWorker(const std::string& id);
  [[nodiscard]] Application* findApplication(const std::string& id);
  [[nodiscard]] const protocol::ApplicationRecord* findEnded(const std::string& id) const;
  [[nodiscard]] Driver* findDriver(const std::string& id);
  [[nodiscard]] std::vector<ExecutorKey> executorsOf(const std::string& application) const;
  /// Those of them that are not retired.
  [[nodiscard]] int64_t activeExecutorsOf(const std::string& application) const;
  [[nodiscard]] std::vector<ExecutorKey> executorsOn(const std::string& worker) const;
  /// Oldest first.
  [[nodiscard]] std::vector<Application*> applicationsInOrder();
  [[nodiscard]] std::vector<const Application*> applicationsInOrder() const;
  [[nodiscard]] std::vector<Driver*> driversInOrder();
  [[nodiscard]] std::vector<const Driver*> driversInOrder() const;

  /// These keep `given` of the workers.
  void add(const ExecutorKey& key, Executor executor);
  void remove(const ExecutorKey& key);
  void retire(const ExecutorKey& key);
  void addDriver(Worker& worker, const std::string& driver, Share share);
  void removeDriver(Worker& worker, const std::string& driver);

  /// Some worker, application or driver that was there before the manager's restart is still awaited.
  [[nodiscard]] bool areRecovering() const;
};

/// Empty while the books balance; else what is wrong. For tests.
[[nodiscard]] std::string checkRegistry(const ClusterRegistry& registry);

}  // namespace cerium::cluster_manager
