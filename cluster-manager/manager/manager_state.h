// Cerium. Licensed under the Apache License 2.0.
// Decides what a manager does: who is there, which executor and which driver runs where, what is told to whom. A pure
// machine, as the schedulers are: messages and the time in, instructions out; manager.h feeds it and carries them out.
//
// A worker:       registered -> awaited, when its connection breaks -> registered again, or lost; so is a silent one.
//                 Told to leave, it gets nothing new.
// An application: registered -> awaited, when its driver's connection breaks -> registered again, or ended.
// An executor:    launching -> running -> ending; its share is free again when the worker says that it ended.
// A driver:       WAITING -> RUNNING -> FINISHED, FAILED, KILLED, LOST; supervised: RUNNING -> RELAUNCHING -> RUNNING.
// After a restart workers and applications of the journal are awaited, and given up when they do not come in time.
// So is everybody after a time in which this manager stood still, or heard none of several workers: it was cut off
// then, and they work on. While it hears none it gives nobody up, for a minute at most.
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

/// To be carried out in order: what is kept has to be on disk before anything is sent after it.
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

/// Threads: externally synchronised.
class ManagerState {
 public:
  struct Options {
    std::string url = {};         ///< What it tells those who register: "cerium://host:7077".
    bool spread_out = true;       ///< Over as many workers as possible, or as few.
    Millis lost_after = 10'000;   ///< Silence of a worker, absence of a driver, and how long a restart waits for all.
    Millis back_within = 1'000;   ///< A worker whose connection broke; most come back in a fraction of a second.
    Millis cut_off_for = 60'000;  ///< Silence of all workers, where there are several, until which nobody is given up.
    Millis wall_offset = 0;       ///< What makes milliseconds since 1970 of a Millis.
  };
  explicit ManagerState(Options options);

  /// First, if ever: all that the journal of the manager before it holds.
  Instructions recover(const std::vector<protocol::JournalRecord>& records, Millis now);
  Instructions received(ConnectionId from, const protocol::ClusterMessage& message, Millis now);
  Instructions disconnected(ConnectionId connection, Millis now);
  /// Called every 100 ms or so.
  Instructions tick(Millis now);

  /// A journal that leads here.
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
  /// Whether it is this manager that cannot be reached, rather than all of its workers. A lone one may be gone.
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
  /// Makes the connection this one's; breaks the one it had. False (and closed) where it is already another's.
  bool identify(ConnectionId from, Role role, const std::string& id, ConnectionId& connection);
  /// What registered at the connection; else null.
  [[nodiscard]] Worker* workerAt(ConnectionId from);
  [[nodiscard]] Application* applicationAt(ConnectionId from);
  /// Does `what` to that; closes the connection of others.
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
  void killDriver(ConnectionId from, const std::string& id);
  void interruptDriver(ConnectionId from, const std::string& id);
  void watchDriver(ConnectionId from, const std::string& id);
  void driverStarted(Worker& worker, const std::string& id);
  void driverExited(Worker& worker, const std::string& id, const protocol::ExitInfo& how);
  /// `sure`: it has ended; else its worker, which nobody can reach, may go on running it.
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
  /// Whether the application's executors ended there too often as soon as they started.
  [[nodiscard]] bool rests(const Application& application, const std::string& worker) const;
  std::vector<ExecutorGrant> grantWhereItStarts(const Application& application, std::vector<WorkerRoom>& rooms,
                                                const ExecutorNeed& need);
  void sayWhyItWaits(Application& application, const std::string& reason);

  const Options options_;
  ClusterRegistry registry_;
  std::map<ConnectionId, Identity> identities_;
  int64_t next_number_ = 0;
  bool changed_ = false;  ///< Something may be placed that could not before, or waits for something else.

  Millis ticked_ = 0;     ///< The last tick.
  Millis heard_ = 0;      ///< The last word of any worker.
  bool cut_off_ = false;  ///< At the last tick.
  Millis now_ = 0;        ///< Of the call under way.
  Instructions out_;      ///< Likewise.
};

}  // namespace cerium::cluster_manager
