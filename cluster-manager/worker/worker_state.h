// Cerium. Licensed under the Apache License 2.0.
// The behaviour of a worker as a pure machine: events and the time in, instructions out, without clock, thread, socket
// or process. worker.h feeds it and carries the instructions out.
//
// The manager:  waiting -> connecting -> registering -> registered -> waiting (connection broke, refused, silence)
// A child:      starting -> running -> ended. A child that is told to end has five seconds before it is killed. Its end
//               is reported to each manager until one answers that it has noted the end.
#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <string>
#include <variant>
#include <vector>

#include "base/protocol/cluster_messages.h"
#include "base/util/millis.h"

namespace cerium::cluster_manager {

/// A child of a worker: an executor of an application, or a driver.
struct ChildId {
  std::string owner;      ///< The application's id, or the driver's.
  int64_t executor = -1;  ///< -1: the driver itself.

  [[nodiscard]] bool isDriver() const { return executor < 0; }
  [[nodiscard]] std::string str() const;
  friend auto operator<=>(const ChildId&, const ChildId&) = default;
};

namespace worker {

// ---- events

struct Connected {};
/// The attempt to connect failed.
struct ConnectFailed {
  std::string reason;
};
struct Disconnected {
  std::string reason;
};
struct FromManager {
  protocol::ClusterMessage message;
};
struct Started {
  ChildId child;
  std::string log;
};
/// The child's process has ended or could not be started.
struct Ended {
  ChildId child;
  protocol::ExitInfo how;
};
/// The user tells the worker to leave: in good order the first time, at once the second time.
struct LeaveAsked {};
/// Posted a few times a second.
struct Tick {
  uint64_t memory_used = 0;
};
using Event = std::variant<Connected, ConnectFailed, Disconnected, FromManager, Started, Ended, LeaveAsked, Tick>;

// ---- instructions

/// Connect to the manager with this index.
struct Connect {
  size_t address = 0;
};
struct Send {
  protocol::ClusterMessage message;
};
struct Disconnect {};
/// Get the program and start it. Started, Ended or both follow.
struct Start {
  ChildId child;
  std::variant<protocol::LaunchExecutor, protocol::LaunchDriver> order;
};
struct Signal {
  ChildId child;
  int signal = 0;
};
/// The worker has left and ends.
struct Leave {};
struct Note {
  std::string text;
  bool warning = false;
};
using Instruction = std::variant<Connect, Send, Disconnect, Start, Signal, Leave, Note>;
using Instructions = std::vector<Instruction>;

}  // namespace worker

/// The state of a worker. Threads: externally synchronised.
class WorkerState {
 public:
  enum class Link { kWaiting, kConnecting, kRegistering, kRegistered };

  struct Options {
    protocol::RegisterWorker self;  ///< Without executors and drivers.
    size_t addresses = 1;           ///< The number of managers, in the order in which they are tried.
    Millis first_retry_ms = 100;
    Millis last_retry_ms = 2'000;
    Millis answer_ms = 10'000;  ///< How long a registration waits for the manager's answer.
    Millis heartbeat_ms = 1'000;
    Millis complain_ms = 60'000;   ///< How often the log says that there is no manager.
    Millis end_ms = 5'000;         ///< From SIGTERM to SIGKILL.
    Millis leave_ms = 60'000;      ///< From the order to leave until running children are killed.
    Millis idle_leave_ms = 2'000;  ///< How long a worker without children waits for the manager's LeaveWhenIdle.
  };

  struct Child {
    enum class Phase { kStarting, kRunning, kEnded };
    Phase phase = Phase::kStarting;
    int32_t cores = 0;
    uint64_t memory = 0;
    std::string name;  ///< The name in a driver's order.
    std::string log;
    std::string told_to_end;  ///< Why it was told to end; then Signal has been given or follows Started.
    Millis kill_at = 0;       ///< 0: not told to end, or killed already.
    bool interrupted = false;
    protocol::ExitInfo how;  ///< Set once it has ended.
  };

  explicit WorkerState(Options options) : options_(std::move(options)) {}

  worker::Instructions on(const worker::Event& event, Millis now);

  [[nodiscard]] const std::map<ChildId, Child>& children() const { return children_; }
  [[nodiscard]] Link link() const { return link_; }
  /// The manager's address, as it told; empty before.
  [[nodiscard]] const std::string& manager() const { return manager_; }
  [[nodiscard]] bool leaving() const { return asked_at_ >= 0; }
  [[nodiscard]] int coresUsed() const;
  [[nodiscard]] uint64_t memoryUsed() const;

 private:
  void handle(const worker::Connected& event, Millis now);
  void handle(const worker::ConnectFailed& event, Millis now);
  void handle(const worker::Disconnected& event, Millis now);
  void handle(const worker::FromManager& event, Millis now);
  void handle(const worker::Started& event, Millis now);
  void handle(const worker::Ended& event, Millis now);
  void handle(const worker::LeaveAsked& event, Millis now);
  void handle(const worker::Tick& event, Millis now);

  void onMessage(const protocol::WorkerAccepted& message, Millis now);
  void onMessage(const protocol::Refused& message, Millis now);
  void onMessage(const protocol::LaunchExecutor& message, Millis now);
  void onMessage(const protocol::FreeExecutor& message, Millis now);
  void onMessage(const protocol::EndExecutor& message, Millis now);
  void onMessage(const protocol::LaunchDriver& message, Millis now);
  void onMessage(const protocol::EndDriver& message, Millis now);
  void onMessage(const protocol::EndNoted& message, Millis now);
  void onMessage(const protocol::InterruptDriver& message, Millis now);
  void onMessage(const protocol::LeaveWhenIdle& message, Millis now);
  template <class T>
  void onMessage(const T&, Millis now);

  void add(const ChildId& id, Child child, std::variant<protocol::LaunchExecutor, protocol::LaunchDriver> order);
  void tellToEnd(const ChildId& id, const std::string& reason, Millis now);
  void killAll(const std::string& reason);
  void report(const ChildId& id, const Child& child);
  void retryLater(Millis now);
  void giveUpManager(const std::string& why, Millis now);
  void beginToLeave(Millis now);
  void leaveIfDone(Millis now);
  [[nodiscard]] bool idle() const;

  void send(protocol::ClusterMessage message) { out_.emplace_back(worker::Send{std::move(message)}); }
  void note(std::string text, bool warning = false) { out_.emplace_back(worker::Note{std::move(text), warning}); }

  const Options options_;
  worker::Instructions out_;  ///< The instructions of the current event.
  std::map<ChildId, Child> children_;

  Link link_ = Link::kWaiting;
  size_t address_ = 0;
  Millis retry_at_ = 0;
  Millis retry_ms_ = 0;
  Millis link_since_ = 0;
  Millis complained_at_ = 0;
  Millis heartbeat_at_ = 0;
  std::string manager_;

  Millis asked_at_ = -1;     ///< When the user or the manager first told it to leave.
  bool asked_here_ = false;  ///< Told by the user.
  bool leave_when_idle_ = false;
  bool at_once_ = false;
  bool left_ = false;
};

}  // namespace cerium::cluster_manager
