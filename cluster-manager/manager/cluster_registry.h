// Cerium. Licensed under the Apache License 2.0.
// The data of a manager: workers, applications, executors, drivers, and the resources that each holds. Plain data;
// ManagerState changes it and manager_json.h shows it.
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

/// Chosen by Manager for each connection; never used twice.
using ConnectionId = int64_t;
inline constexpr ConnectionId kNoConnection = -1;

/// Cores and memory of a worker that an executor or driver holds.
struct Share {
  int32_t cores = 0;
  uint64_t memory = 0;
};

/// A registered worker.
struct Worker {
  protocol::RegisterWorker as;  ///< Without executors and drivers. A worker that is leaving gets no new work.
  ConnectionId connection = kNoConnection;    ///< None while the worker is awaited.
  Millis heard = 0;                           ///< When its last message came.
  Millis awaited_until = 0;                   ///< Without a connection: when the worker counts as lost.
  std::string absence = {};                   ///< Why it has no connection.
  uint64_t memory_used = 0;                   ///< As the worker reports it; independent of `given`.
  std::map<std::string, Share> drivers = {};  ///< The drivers that run here or are being ended.
  Share given = {};                           ///< Held by executors and drivers.
};

enum class ExecutorState { kLaunching, kRunning, kEnding };

/// An executor. It holds its share of the worker until the worker reports its end, even if it was told to end.
struct Executor {
  std::string worker;
  Share share;
  ExecutorState state = ExecutorState::kLaunching;
  Millis launched = 0;

  /// A retired executor gave its share back and lives on to serve shuffle output.
  [[nodiscard]] bool isRetired() const { return share.cores == 0; }
};
/// An application's id and the executor's number.
using ExecutorKey = std::pair<std::string, int64_t>;

/// Counts an application's executors that ended on a worker right after their start.
struct BadStarts {
  int in_a_row = 0;
  Millis not_before = 0;  ///< When the next executor may be started there.
};

struct Application {
  protocol::ApplicationRecord record;
  int64_t number = 0;                       ///< The order of registration.
  ConnectionId connection = kNoConnection;  ///< None while its driver is awaited.
  Millis deadline = 0;                      ///< When an awaited driver is given up.
  bool registered = false;                  ///< With this manager, since it took charge.
  std::set<int64_t> awaited = {};           ///< Executors that the driver has named and no worker has reported yet.
  Millis awaited_until = 0;
  std::set<int64_t> retired = {};                    ///< Executors that the driver has retired.
  std::map<std::string, BadStarts> bad_starts = {};  ///< By worker.
  std::string waits = {};  ///< Why it has fewer executors than it wants, as last sent to the driver.
  bool was_told = false;   ///< Whether ApplicationWaits was sent since it registered.
};

/// The state as users see it: "WAITING".
[[nodiscard]] const char* nameOf(protocol::DriverState state);
[[nodiscard]] const char* nameOf(protocol::ApplicationState state);

struct Driver {
  protocol::DriverRecord record;
  int64_t number = 0;  ///< The order of submission.
  Millis launched = 0;
  int starts_in_a_row = 0;  ///< How many starts in a row ended soon.
  Millis not_before = 0;    ///< When a supervised driver may be launched again.
  std::set<ConnectionId> watchers = {};

  [[nodiscard]] bool isWaiting() const {
    return record.state == protocol::DriverState::kWaiting || record.state == protocol::DriverState::kRelaunching;
  }
  [[nodiscard]] bool isActive() const { return isWaiting() || record.state == protocol::DriverState::kRunning; }
};

/// A lost worker, kept to be shown.
struct LostWorker {
  protocol::RegisterWorker as;
  Millis heard = 0;
};

struct ClusterRegistry {
  std::map<std::string, Worker> workers;
  std::deque<LostWorker> lost_workers;
  std::map<std::string, Application> applications;
  std::deque<protocol::ApplicationRecord> ended_applications;
  // Including executors of ended applications until their workers report the end.
  std::map<ExecutorKey, Executor> executors;
  std::map<std::string, Driver> drivers;  ///< Including ended drivers.

  [[nodiscard]] Worker* findWorker(const std::string& id);
  [[nodiscard]] Application* findApplication(const std::string& id);
  [[nodiscard]] const protocol::ApplicationRecord* findEnded(const std::string& id) const;
  [[nodiscard]] Driver* findDriver(const std::string& id);
  [[nodiscard]] std::vector<ExecutorKey> executorsOf(const std::string& application) const;
  /// The number of executors of an application that are not retired.
  [[nodiscard]] int64_t activeExecutorsOf(const std::string& application) const;
  [[nodiscard]] std::vector<ExecutorKey> executorsOn(const std::string& worker) const;
  /// Sorted by registration, oldest first.
  [[nodiscard]] std::vector<Application*> applicationsInOrder();
  [[nodiscard]] std::vector<const Application*> applicationsInOrder() const;
  [[nodiscard]] std::vector<Driver*> driversInOrder();
  [[nodiscard]] std::vector<const Driver*> driversInOrder() const;

  /// These functions also update `given` of the worker.
  void add(const ExecutorKey& key, Executor executor);
  void remove(const ExecutorKey& key);
  void retire(const ExecutorKey& key);
  void addDriver(Worker& worker, const std::string& driver, Share share);
  void removeDriver(Worker& worker, const std::string& driver);

  /// Whether a worker, application or driver from before the manager's restart is still awaited.
  [[nodiscard]] bool areRecovering() const;
};

/// Checks the registry's invariants. Returns "" or what is wrong. For tests.
[[nodiscard]] std::string checkRegistry(const ClusterRegistry& registry);

}  // namespace cerium::cluster_manager
