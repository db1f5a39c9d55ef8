// Cerium. Licensed under the Apache License 2.0.
// Every message of a standalone cluster: between the manager and its workers, the drivers of applications, and
// `cerium submit`. Plain structs and a closed variant, as in messages.h; README.md says who says what to whom.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <variant>
#include <vector>

#include "base/util/bytes.h"

namespace cerium::protocol {

/// Of any message to or from a manager, in bytes: programs do not pass there, so none is large.
constexpr uint64_t kMaxClusterMessage = 64 << 20;

/// A file by its content, and where it can be had: at `path` where what stands there has this hash, else from a process
/// that answers FetchFile at host:port.
struct ServedFile {
  std::string hash;  ///< SHA-256, in hex.
  uint64_t bytes = 0;
  std::string path;  ///< Absolute, on the machine that named it.
  std::string host;
  uint16_t port = 0;
};

struct Program {
  ServedFile file;
  std::vector<std::string> arguments;  ///< Without the program's own name.
};

/// How a child process of a worker ended.
struct ExitInfo {
  int32_t exit_status = 0;
  int32_t signal = 0;        ///< 0 where it exited.
  std::string reason = {};   ///< Why the worker ended it, or what else it knows; may be empty.
  Bytes crash_record = {};   ///< What the process wrote about its own crash; see executor/crash_report.h. May be empty.
  std::string log = {};      ///< "host:path" of its log.
  std::string log_end = {};  ///< The log's last lines, at most 2 kB.
};

/// An executor as a worker runs it.
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
  std::vector<ServedFile> files;                   ///< Those of `--files`: cerium.files is where the worker has them.
  std::map<std::string, std::string> environment;  ///< CERIUM_* settings; nothing secret.
  int32_t cores = 1;
  uint64_t memory = 0;
  bool supervise = false;
};

// ---- worker -> manager

/// The first message of a worker, also after a connection broke or the manager restarted: all it runs.
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
  bool leaving = false;  ///< It was told to leave, here or by a manager before.
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
/// The worker was told on its machine (SIGTERM) to leave: no more executors, and those it runs are to move away.
struct WorkerLeaving {};

// ---- manager -> worker

struct WorkerAccepted {
  std::string manager;  ///< Where it listens.
};
/// To whoever registers with a manager that is not in charge (a standby), or asks for what is impossible.
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
  std::map<std::string, std::string> environment;  ///< Of cerium.executorEnv.*
};
/// The executor uses no cores and no memory any more, and is to live on.
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
/// The answer to ExecutorExited and DriverExited: their news is in the journal, and need not be told again.
struct EndNoted {
  std::string owner;      ///< The application, or the driver.
  int64_t executor = -1;  ///< -1: the driver itself.
};
/// Its user pressed Ctrl-C: the driver is to cancel its jobs. From `cerium submit` to the manager, and on to the
/// worker, at each new connection again: the worker passes it on once.
struct InterruptDriver {
  std::string driver;
};
/// Leave when all executors and drivers have ended.
struct LeaveWhenIdle {};

// ---- driver -> manager

/// The first message of an application's driver, also after the manager restarted: then with what it has.
struct RegisterApplication {
  std::string application;  ///< Its id, chosen by itself: "app-...".
  std::string name;
  std::string user;
  std::string driver_host;  ///< Where executors reach the driver.
  uint16_t driver_port = 0;
  Program program;
  std::map<std::string, std::string> executor_environment;
  int32_t cores_max = 0;       ///< 0: no limit.
  int32_t executor_cores = 0;  ///< 0: all cores that a worker has free.
  uint64_t executor_memory = 0;
  int32_t executors_wanted = -1;  ///< -1: as many as the cores allow.
  std::string web_url;
  std::string driver;              ///< Its DriverOrder's id where it runs in the cluster.
  std::vector<int64_t> executors;  ///< Those it has.
  std::vector<int64_t> retired;    ///< Those of them that it has retired.
  int64_t next_executor = 0;       ///< No executor had this id or a greater one.
};
/// The number of executors that it wants from now on; as in RegisterApplication.
struct WantExecutors {
  int32_t executors = -1;
};
/// End this executor; another comes for it where there are fewer than wanted.
struct ReleaseExecutor {
  int64_t executor = -1;
  std::string reason;
};
/// This executor runs no more tasks: its cores and memory are free, but its process is to live on until the application
/// ends, because it serves shuffle output. It does not count as one of those wanted.
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
/// An executor was given to the application and is being started.
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
  bool worker_lost = false;  ///< Nobody knows how it ended: its worker is gone.
  ExitInfo how;
};
/// The executor's worker leaves: give it no more tasks, move its blocks away, then ReleaseExecutor.
struct ExecutorLeaving {
  int64_t executor = -1;
  std::string reason;
};
/// Why the application has fewer executors than it wants; empty when it has them. Follows the first executors that a
/// registered application is granted, in any case.
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
/// The answer to the three above, and once more at each change for as long as the asker is connected.
struct DriverStatus {
  std::string driver;
  std::string state;  ///< WAITING, RUNNING, RELAUNCHING, FINISHED, FAILED, KILLED, LOST or UNKNOWN.
  std::string worker;
  std::string host;
  std::string detail;  ///< What it waits for, or how it ended: a line, then the last ones that it printed.
  int32_t exit_status = 0;
};
/// Asks for the workers of a host to leave (`cerium worker --decommission`).
struct DecommissionWorkers {
  std::string host;
};
struct Decommissioning {
  std::vector<std::string> workers;
};

// ---- worker -> whoever serves a file (a driver or `cerium submit`), and back

struct FetchFile {
  std::string hash;
  uint64_t offset = 0;
};
struct FilePiece {
  uint64_t offset = 0;
  bool last = false;
  std::string failure;  ///< Not empty: there is no such file here.
  Bytes bytes;
};
/// What a driver of the cluster prints, to its submitter while that listens.
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

/// One frame for the transport.
[[nodiscard]] Bytes encodeCluster(const ClusterMessage& message);
/// Total: anything that is not a whole, well-formed message is CorruptData, and allocates no more than it carries.
[[nodiscard]] ClusterMessage decodeCluster(const Bytes& frame);

}  // namespace cerium::protocol
