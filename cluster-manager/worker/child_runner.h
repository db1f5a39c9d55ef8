// Cerium. Licensed under the Apache License 2.0.
// Starts a worker's executors and drivers, each in a folder of its own, and reports how they ended.
//
//   WORK_DIR/fetched/HASH         fetched programs and files (file_store.h)
//   WORK_DIR/APPLICATION/ID/log   an executor's log; the rest of its folder is deleted when it has ended
//   WORK_DIR/DRIVER/              a driver's folder, with stdout, stderr, and files/ while it runs
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <variant>

#include "base/util/child_process.h"
#include "base/util/mutex.h"
#include "base/util/oom_witness.h"
#include "base/util/serial_thread.h"
#include "cluster-manager/worker/driver_output.h"
#include "cluster-manager/worker/file_store.h"
#include "cluster-manager/worker/worker_state.h"

namespace cerium::cluster_manager {

struct ChildRunnerOptions {
  std::string work_dir;  ///< See work_folder.h.
  std::string host;      ///< The name under which other processes reach this machine.
  std::string masters;   ///< "cerium://...", for drivers.
};

/// Threads: thread-safe. A start has a thread until the process runs, a process has one that waits for it, and
/// "cerium-errands" removes what they leave. For each start(), `post` gets Started and Ended, in any order.
class ChildRunner {
 public:
  using Order = std::variant<protocol::LaunchExecutor, protocol::LaunchDriver>;

  /// Makes the work folder, which must not be another worker's. Throws IoError.
  ChildRunner(ChildRunnerOptions options, MachineLimits limits, std::function<void(worker::Event)> post);
  /// Kills the running children.
  ~ChildRunner();
  ChildRunner(const ChildRunner&) = delete;
  ChildRunner& operator=(const ChildRunner&) = delete;

  /// Starts a child. Secrets of applications and drivers are derived from `cluster_secret`.
  void start(const ChildId& child, Order order, const std::string& cluster_secret);
  void signal(const ChildId& child, int signal);
  /// Forgets a child, after Ended.
  void remove(const ChildId& child);
  /// Deletes the oldest folders of applications and drivers without running children, if there are many.
  void pruneLogs();
  /// Ends all fetching of programs and files.
  void stopFetching() { fetched_.stop(); }

 private:
  struct Running {
    std::thread starter;
    /// Guarded by the runner's mutex_, which a nested struct cannot name, until the starter has been joined.
    std::unique_ptr<ChildProcess> process;
    std::unique_ptr<DriverOutput> output;  // used by the starter, then by the watcher
    std::atomic<bool> killed{false};       // by this worker, with SIGKILL
    std::string log;                       // set by the starter before the process starts
    std::string files;  // the folder of a driver's files, or empty; set by the starter before the process starts
  };

  void startExecutor(const ChildId& id, Running& running, const protocol::LaunchExecutor& order,
                     const std::string& cluster_secret);
  void startDriver(const ChildId& id, Running& running, const protocol::DriverOrder& order,
                   const std::string& cluster_secret);
  /// Fetches a driver's program or file. The error names the submitter that must serve it.
  [[nodiscard]] std::string fetchForDriver(const protocol::ServedFile& wanted, FileStore::Access access,
                                           const std::string& secret);
  /// Fetches the files that the submitter serves, and returns their paths here as the value of cerium.files.
  [[nodiscard]] std::string fetchFiles(const protocol::DriverOrder& order, const std::string& files,
                                       const std::string& secret);
  /// Runs before the end is reported, because the driver may be started again in the same folder.
  static void removeFiles(const Running& running);
  void launch(const ChildId& id, Running& running, ChildOrder order);
  void ended(const ChildId& id, Running& running, ChildEnd end);
  void cannotStart(const ChildId& id, const std::string& reason);
  [[nodiscard]] std::string folderOf(const ChildId& id) const;

  const ChildRunnerOptions options_;
  const std::function<void(worker::Event)> post_;
  FileStore fetched_;

  Mutex mutex_;
  std::map<ChildId, std::shared_ptr<Running>> children_ CERIUM_GUARDED_BY(mutex_);
  OomWitness oom_witness_ CERIUM_GUARDED_BY(mutex_);
  SerialThread errands_{"cerium-errands", SerialThread::AtEnd::kFinish};
};

}  // namespace cerium::cluster_manager
