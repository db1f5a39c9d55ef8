// Cerium. Licensed under the Apache License 2.0.
// The messages of a standalone cluster: between the manager, its workers, the drivers of applications and `cerium
// submit`. Plain structs and a closed variant, as in messages.h; README.md lists senders and receivers.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <variant>
#include <vector>

#include "base/util/bytes.h"

namespace cerium::protocol {

/// The most bytes of a message to or from a manager. Programs do not travel in these messages, so none is large.
constexpr uint64_t kMaxClusterMessage = 64 << 20;

/// A file named by its content. A worker uses the file at `path` if it has this hash, else fetches it from host:port
/// with FetchFile.
struct ServedFile {
  std::string hash;  ///< SHA-256, in hex.
  uint64_t bytes = 0;
  std::string path;  ///< Absolute, on the machine of the sender.
  std::string host;
  uint16_t port = 0;
};

/// A program and its arguments.
struct Program {
  ServedFile file;
  std::vector<std::string> arguments;  ///< Without the program's own name.
};

/// How a child process of a worker ended.
struct ExitInfo {
  int32_t exit_status = 0;
  int32_t signal = 0;        ///< 0: it exited.
  std::string reason = {};   ///< Why the worker ended it, or what else the worker knows; may be empty.
  Bytes crash_record = {};   ///< The process's own report of its crash; see executor/crash_report.h. May be empty.
  std::string log = {};      ///< "host:path" of the log.
  std::string log_end = {};  ///< The log's last lines, at most 2 kB.
};

/// An executor on a worker.
struct ExecutorOnWorker {
  std::string application;
  int64_t executor = -1;
  int32_t cores = 0;
  uint64_t memory = 0;
};

/// A driver that runs in the cluster: what `cerium submit --deploy-mode cluster` asks for.
struct DriverOrder {
  std::string driver;  ///< Its id, chosen by the submitter: "driver-...".
  std::string name;
  Program program;
  std::vector<ServedFile> files;  ///< The files of `--files`. The worker sets cerium.files to its copies.
  std::map<std::string, std::string> environment;  ///< CERIUM_* settings, none of them secret.
  int32_t cores = 1;
  uint64_t memory = 0;
  bool supervise = false;
};

// ---- worker -> manager

/// The first message of a worker on each connection: everything that it runs.
struct RegisterWorker {
  std::string worker;  ///< Its id, chosen by itself: "worker-...".
  std::string host;
  uint16_t port = 0;
  uint16_t web_port = 0;
  int32_t cores = 0;
  uint64_t memory = 0;
  int64_t pid = 0;
  std::vector<ExecutorOnWorker> executors;
  std::vector<std::string> drivers;
  bool leaving = false;  ///< The worker was told to leave, on its machine or by a manager.
};
struct WorkerHeartbeat {
  uint64_t memory_used = 0;
};
struct ExecutorStarted {
  std::string application;
  int64_t executor = -1;
  std::string log;  ///< "host:path".
};
struct ExecutorExited {
  std::string application;
  int64_t executor = -1;
  ExitInfo how;
};
struct DriverStarted {
  std::string driver;
};
struct DriverExited {
  std::string driver;
  ExitInfo how;
};
/// The worker was told to leave on its machine (SIGTERM): it takes no more executors, and its executors move their data
/// away.
struct WorkerLeaving {};

// ---- manager -> worker

struct WorkerAccepted {
  std::string manager;  ///< The address on which it listens.
};
/// The answer to a registration if this manager is a standby, or to a request that is impossible.
struct Refused {
  std::string reason;
  bool standby = false;
};
struct LaunchExecutor {
  std::string application;
  int64_t executor = -1;
  int32_t cores = 0;
  uint64_t memory = 0;
  std::string driver_host;
  uint16_t driver_port = 0;
  Program program;
  std::map<std::string, std::string> environment;  ///< From cerium.executorEnv.*
};
/// The executor no longer uses cores and memory, but its process keeps running.
struct FreeExecutor {
  std::string application;
  int64_t executor = -1;
};
struct EndExecutor {
  std::string application;
  int64_t executor = -1;
  std::string reason;
};
struct LaunchDriver {
  DriverOrder order;
};
struct EndDriver {
  std::string driver;
  std::string reason;
};
/// The answer to ExecutorExited and DriverExited: the manager has the end in its journal, so the worker need not repeat
/// it.
struct EndNoted {
  std::string owner;      ///< The id of the application, or of the driver.
  int64_t executor = -1;  ///< -1: the end of the driver itself.
};
/// The user pressed Ctrl-C, so the driver cancels its jobs. `cerium submit` sends it to the manager, the manager to the
/// worker, again on each new connection; the worker passes it to the driver once.
struct InterruptDriver {
  std::string driver;
};
/// The worker leaves when all its executors and drivers have ended.
struct LeaveWhenIdle {};

// ---- driver -> manager

/// The first message of an application's driver on each connection. After a restart of the manager it lists the
/// executors that the driver has.
struct RegisterApplication {
  std::string application;  ///< Its id, chosen by itself: "app-...".
  std::string name;
  std::string user;
  std::string driver_host;  ///< The address under which executors reach the driver.
  uint16_t driver_port = 0;
  Program program;
  std::map<std::string, std::string> executor_environment;
  int32_t cores_max = 0;       ///< 0: no limit.
  int32_t executor_cores = 0;  ///< 0: all cores that a worker has free.
  uint64_t executor_memory = 0;
  int32_t executors_wanted = -1;  ///< -1: as many as the cores allow.
  std::string web_url;
  std::string driver;              ///< Its DriverOrder's id if the driver runs in the cluster.
  std::vector<int64_t> executors;  ///< The executors that the application has.
  std::vector<int64_t> retired;    ///< The ones among `executors` that it has retired.
  int64_t next_executor = 0;       ///< Greater than the id of every executor so far.
};
/// How many executors the application wants from now on; as in RegisterApplication.
struct WantExecutors {
  int32_t executors = -1;
};
/// End this executor. The manager starts another one if the application has fewer than it wants.
struct ReleaseExecutor {
  int64_t executor = -1;
  std::string reason;
};
/// This executor runs no more tasks. Its cores and memory become free, but its process keeps running until the
/// application ends, because it serves shuffle output. It does not count as one of the executors wanted.
struct RetireExecutor {
  int64_t executor = -1;
};
struct EndApplication {
  bool failed = false;
  std::string reason;
};

// ---- manager -> driver

struct ApplicationAccepted {
  std::string manager;
};
/// The application gets this executor; a worker starts it.
struct ExecutorGranted {
  int64_t executor = -1;
  std::string worker;
  std::string host;
  int32_t cores = 0;
  uint64_t memory = 0;
};
struct ExecutorRunning {
  int64_t executor = -1;
  std::string log;
};
struct ExecutorGone {
  int64_t executor = -1;
  bool worker_lost = false;  ///< Its worker is lost, so how the executor ended is unknown.
  ExitInfo how;
};
/// The executor's worker leaves. The driver gives it no more tasks, moves its blocks away and sends ReleaseExecutor.
struct ExecutorLeaving {
  int64_t executor = -1;
  std::string reason;
};
/// Why the application has fewer executors than it wants; empty if it has enough. Always follows the first grants to a
/// registered application.
struct ApplicationWaits {
  std::string reason;
};
/// The manager ended the application.
struct ApplicationRemoved {
  std::string reason;
};

// ---- submit -> manager, and back

struct SubmitDriver {
  DriverOrder order;
};
struct KillDriver {
  std::string driver;
};
struct AskDriver {
  std::string driver;
};
/// The answer to SubmitDriver, KillDriver and AskDriver. Repeated at each change while the asker is connected.
struct DriverStatus {
  std::string driver;
  std::string state;  ///< WAITING, RUNNING, RELAUNCHING, FINISHED, FAILED, KILLED, LOST or UNKNOWN.
  std::string worker;
  std::string host;
  std::string detail;  ///< What the driver waits for, or how it ended: one line, then the last lines that it printed.
  int32_t exit_status = 0;
};
/// The workers of a host shall leave (`cerium worker --decommission`).
struct DecommissionWorkers {
  std::string host;
};
struct Decommissioning {
  std::vector<std::string> workers;
};

// ---- worker -> server of a file (a driver or `cerium submit`), and back

struct FetchFile {
  std::string hash;
  uint64_t offset = 0;
};
struct FilePiece {
  uint64_t offset = 0;
  bool last = false;
  std::string failure;  ///< Not empty: the server does not have the file.
  Bytes bytes;
};
/// Output of a driver in the cluster, sent to its submitter while that is connected.
struct DriverOutput {
  std::string driver;
  bool to_stderr = false;
  Bytes bytes;
};

using ClusterMessage =
    std::variant<RegisterWorker, WorkerHeartbeat, ExecutorStarted, ExecutorExited, DriverStarted, DriverExited,
                 WorkerLeaving, WorkerAccepted, Refused, LaunchExecutor, EndExecutor, LaunchDriver, EndDriver,
                 LeaveWhenIdle, RegisterApplication, WantExecutors, ReleaseExecutor, EndApplication,
                 ApplicationAccepted, ExecutorGranted, ExecutorRunning, ExecutorGone, ExecutorLeaving, ApplicationWaits,
                 ApplicationRemoved, SubmitDriver, KillDriver, AskDriver, DriverStatus, DecommissionWorkers,
                 Decommissioning, FetchFile, FilePiece, DriverOutput, RetireExecutor, FreeExecutor, InterruptDriver,
                 EndNoted>;

/// Encodes a message as one frame for the transport.
[[nodiscard]] Bytes encodeCluster(const ClusterMessage& message);
/// Throws CorruptData if the frame is not one whole message. Allocates at most about as much as the frame has bytes.
[[nodiscard]] ClusterMessage decodeCluster(const Bytes& frame);

}  // namespace cerium::protocol
