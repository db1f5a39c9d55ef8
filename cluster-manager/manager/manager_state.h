// Cerium. Licensed under the Apache License 2.0.
// Decides what a manager does: it places executors and drivers on workers and tells each process what concerns it. A
// pure machine like the schedulers: messages and the time in, instructions out. manager.h feeds it and carries the
// instructions out.
//
// A worker:       registered -> awaited (connection broke) -> registered again, or lost. A silent worker is lost.
//                 A worker that was told to leave gets no new work.
// An application: registered -> awaited (its driver's connection broke) -> registered again, or ended.
// An executor:    launching -> running -> ending; its share is free again when the worker reports its end.
// A driver:       WAITING -> RUNNING -> FINISHED, FAILED, KILLED, LOST; supervised: RUNNING -> RELAUNCHING -> RUNNING.
//
// After a restart, the workers and applications of the journal are awaited, and given up if they do not come in time.
// The same happens after this manager stood still, or heard none of several workers: it was cut off then, and the
// workers kept working. While it hears no worker it gives none up, for at most a minute.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <variant>
#include <vector>

#include "base/protocol/cluster_messages.h"
#include "base/protocol/journal_records.h"
#include "cluster-manager/manager/allocation.h"
#include "cluster-manager/manager/cluster_registry.h"

namespace cerium::cluster_manager {

/// Send a message. Instructions are carried out in order: records to keep are on disk before a later message is sent.
struct Send {
  ConnectionId to = kNoConnection;
  protocol::ClusterMessage message;
};
struct Close {
  ConnectionId connection = kNoConnection;
  std::string reason;
};
struct Keep {
  protocol::JournalRecord record;
};
/// A line for the log.
struct Note {
  std::string text;
};
using Instruction = std::variant<Send, Close, Keep, Note>;
using Instructions = std::vector<Instruction>;

/// The state of a manager. Threads: externally synchronised.
class ManagerState {
 public:
  struct Options {
    std::string url = {};        ///< The manager's address, sent to processes that register: "cerium://host:7077".
    bool spread_out = true;      ///< Over as many workers as possible; false: over as few.
    Millis lost_after = 10'000;  ///< The limit on a worker's silence, a driver's absence, and the wait after a restart.
    // How long a worker is awaited whose connection broke; most come back in a fraction of a second.
    Millis back_within = 1'000;
    Millis cut_off_for = 60'000;  ///< While all of several workers are silent, no worker is given up for this long.
    Millis wall_offset = 0;       ///< Added to a Millis, it gives milliseconds since 1970.
  };
  explicit ManagerState(Options options);

  /// Takes the records of the previous manager's journal. Call it first, or not at all.
  Instructions recover(const std::vector<protocol::JournalRecord>& records, Millis now);
  Instructions received(ConnectionId from, const protocol::ClusterMessage& message, Millis now);
  Instructions disconnected(ConnectionId connection, Millis now);
  /// What a person asks for in the web pages; nothing happens if there is no such application, driver or worker.
  Instructions killApplication(const std::string& id, Millis now);
  Instructions killDriver(const std::string& id, Millis now);
  Instructions drainWorker(const std::string& id, Millis now);
  /// Call it about every 100 ms.
  Instructions tick(Millis now);

  /// A journal from which recover() gives this state.
  [[nodiscard]] std::vector<protocol::JournalRecord> snapshot() const;
  [[nodiscard]] const ClusterRegistry& registry() const { return registry_; }
  [[nodiscard]] const Options& options() const { return options_; }

 private:
  enum class Role { kWorker, kApplication };
  struct Identity {
    Role role;
    std::string id;
  };

  // manager_state.cc
  void restore(const protocol::WorkerRecord& record);
  void restore(const protocol::ApplicationRecord& record);
  void restore(const protocol::GrantRecord& record);
  void restore(const protocol::DriverRecord& record);
  void take(ConnectionId from, const protocol::ClusterMessage& message);
  /// Whether this manager seems to be cut off: it hears none of several workers. A single silent worker may be gone.
  [[nodiscard]] bool isCutOff() const;
  void heardFrom(Worker& worker);
  void giveTime();
  void loseAbsentWorkers();
  void abandonApplications();
  Instructions finish();
  void send(ConnectionId to, protocol::ClusterMessage message);
  void refuse(ConnectionId from, const std::string& reason);
  void keep(protocol::JournalRecord record) { out_.push_back(Keep{std::move(record)}); }
  void note(std::string text) { out_.push_back(Note{std::move(text)}); }
  /// Binds the connection to this worker or application and breaks its previous connection. Returns false, and closes
  /// the connection, if it is already bound to another.
  bool identify(ConnectionId from, Role role, const std::string& id, ConnectionId& connection);
  /// The worker or application that registered on the connection, or null.
  [[nodiscard]] Worker* workerAt(ConnectionId from);
  [[nodiscard]] Application* applicationAt(ConnectionId from);
  /// Calls `what` for it; closes a connection on which nothing registered.
  void asWorker(ConnectionId from, const std::function<void(Worker&)>& what);
  void asApplication(ConnectionId from, const std::function<void(Application&)>& what);
  [[nodiscard]] int64_t wallTime() const { return now_ + options_.wall_offset; }

  // manager_workers.cc
  void registerWorker(ConnectionId from, const protocol::RegisterWorker& message);
  void adoptExecutors(Worker& worker, const std::vector<protocol::ExecutorOnWorker>& executors);
  void adoptExecutor(Worker& worker, const protocol::ExecutorOnWorker& said);
  void adoptDrivers(Worker& worker, const std::vector<std::string>& drivers);
  void executorStarted(Worker& worker, const protocol::ExecutorStarted& message);
  void executorExited(Worker& worker, const protocol::ExecutorExited& message);
  void decommission(ConnectionId from, const std::string& host);
  void drain(Worker& worker);
  void leave(Worker& worker, const std::string& reason);
  void awaitWorker(const std::string& id);
  void loseWorker(const std::string& id, const std::string& reason);
  void executorGone(const ExecutorKey& key, bool worker_lost, const protocol::ExitInfo& how);
  void countStart(const ExecutorKey& key, const Executor& executor);
  void endExecutor(const ExecutorKey& key, const std::string& reason);
  void keepWorker(const Worker& worker, bool gone) { keep(protocol::WorkerRecord{worker.as, gone}); }

  // manager_applications.cc
  void registerApplication(ConnectionId from, const protocol::RegisterApplication& message);
  void matchExecutors(Application& application, const std::vector<int64_t>& named, bool was_registered);
  void wantExecutors(Application& application, int32_t executors);
  void releaseExecutor(Application& application, const protocol::ReleaseExecutor& message);
  void retireExecutor(Application& application, int64_t executor);
  void endApplication(std::string id, protocol::ApplicationState state, const std::string& reason);
  void rememberEnded(const protocol::ApplicationRecord& record);
  void giveUpAwaited(Application& application);
  Application& awaitUnknown(const std::string& id);
  void keepApplication(const Application& application) { keep(application.record); }
  void tell(const Application& application, protocol::ClusterMessage message);

  // manager_drivers.cc
  void submitDriver(ConnectionId from, const protocol::DriverOrder& order);
  void endDriver(const std::string& id);
  void interruptDriver(ConnectionId from, const std::string& id);
  void watchDriver(ConnectionId from, const std::string& id);
  void driverStarted(Worker& worker, const std::string& id);
  void driverExited(Worker& worker, const std::string& id, const protocol::ExitInfo& how);
  /// `sure`: the driver has ended. Otherwise its worker cannot be reached and may still run it.
  void driverLost(Driver& driver, const std::string& reason, bool sure);
  void setDriver(Driver& driver, protocol::DriverState state, const std::string& detail);
  void tellWatchers(const Driver& driver);
  void relaunchLater(Driver& driver, const std::string& detail, Millis at_least = 0);
  [[nodiscard]] bool hasApplication(const Driver& driver) const;
  void endApplicationsOf(const Driver& driver);
  void forgetOldDrivers();

  // manager_placement.cc
  void allocate();
  void placeDrivers(std::vector<WorkerRoom>& rooms);
  void placeExecutors(Application& application, std::vector<WorkerRoom>& rooms, const std::string& holders);
  /// Whether a worker is skipped for a while, because the application's executors ended there too often right after
  /// their start.
  [[nodiscard]] bool rests(const Application& application, const std::string& worker) const;
  std::vector<ExecutorGrant> grantWhereItStarts(const Application& application, std::vector<WorkerRoom>& rooms,
                                                const ExecutorNeed& need);
  void sayWhyItWaits(Application& application, const std::string& reason);

  const Options options_;
  ClusterRegistry registry_;
  std::map<ConnectionId, Identity> identities_;
  int64_t next_number_ = 0;
  bool changed_ = false;  ///< Set when a new placement, or a new reason to wait, is possible.

  Millis ticked_ = 0;     ///< The last tick.
  Millis heard_ = 0;      ///< When the last message of any worker came.
  bool cut_off_ = false;  ///< As of the last tick.
  Millis now_ = 0;        ///< The time of the current call.
  Instructions out_;      ///< The instructions of the current call.
};

}  // namespace cerium::cluster_manager
