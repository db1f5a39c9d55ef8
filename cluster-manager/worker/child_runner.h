// Cerium. Licensed under the Apache License 2.0.
// Starts a worker's executors and drivers, each in a folder of its own, and tells how they ended.
//
//   WORK_DIR/fetched/HASH         fetched programs and files (file_store.h)
//   WORK_DIR/APPLICATION/ID/log   an executor's folder: what else is in it goes when it has ended
//   WORK_DIR/DRIVER/              a driver's folder, with stdout, stderr, and files/ while it runs
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <variant>

#include "base/util/child_process.h"
#include "base/util/oom_witness.h"
#include "base/util/serial_thread.h"
#include "cluster-manager/worker/driver_output.h"
#include "cluster-manager/worker/file_store.h"
#include "cluster-manager/worker/worker_state.h"

namespace cerium::cluster_manager {

struct ChildRunnerOptions {
  std::string work_dir;  ///< See work_folder.h.
  std::string host;      ///< Under which others reach this machine.
  std::string masters;   ///< "cerium://...", for drivers.
};

/// Threads: thread-safe. Each start has a thread until the process runs, each process one that waits for it; one more
/// ("cerium-errands") cleans up behind them. `post` gets Started and Ended, in any order, for each start().
class ChildRunner {
 public:
  using Order = std::variant<protocol::LaunchExecutor, protocol::LaunchDriver>;

  /// The work folder is there, and no other worker's. Throws IoError.
  ChildRunner(ChildRunnerOptions options, MachineLimits limits, std::function<void(worker::Event)> post);
  /// Kills what still runs.
  ~ChildRunner();
  ChildRunner(const ChildRunner&) = delete;
  ChildRunner& operator=(const ChildRunner&) = delete;

  /// `cluster_secret`: what the secrets of applications and drivers are derived from.
  void start(const ChildId& child, Order order, const std::string& cluster_secret);
  void signal(const ChildId& child, int signal);
  /// After Ended.
  void remove(const ChildId& child);
  /// Deletes the folders of the applications and drivers whose last child ended first, where there are many.
  void pruneLogs();
  /// Nothing is fetched any more.
  void stopFetching() { fetched_.stop(); }

 private:
  struct Running {
    std::thread starter;
    std::unique_ptr<ChildProcess> process;  // guarded by mutex_ until the starter has been joined
    std::unique_ptr<DriverOutput> output;   // the starter's, then the watcher's
    std::atomic<bool> killed{false};        // by us, with SIGKILL
    std::string log;                        // the starter's; set before the process starts
    std::string files;                      // likewise; the folder of a driver's files, empty where it has none
  };

  void startExecutor(const ChildId& id, Running& running, const protocol::LaunchExecutor& order,
                     const std::string& cluster_secret);
  void startDriver(const ChildId& id, Running& running, const protocol::DriverOrder& order,
                   const std::string& cluster_secret);
  /// A driver's program or file; the error says who had to hand it out.
  [[nodiscard]] std::string fetchForDriver(const protocol::ServedFile& wanted, FileStore::Access access,
                                           const std::string& secret);
  /// The settings of a driver whose files the submitter serves: where it finds them here.
  [[nodiscard]] std::string fetchFiles(const protocol::DriverOrder& order, const std::string& files,
                                       const std::string& secret);
  /// Before anybody hears of the end: the driver may be started again in the same folder.
  static void removeFiles(const Running& running);
  void launch(const ChildId& id, Running& running, ChildOrder order);
  void ended(const ChildId& id, Running& running, ChildEnd end);
  void cannotStart(const ChildId& id, const std::string& reason);
  [[nodiscard]] std::string folderOf(const ChildId& id) const;

  const ChildRunnerOptions options_;
  const std::function<void(worker::Event)> post_;
  FileStore fetched_;

  std::mutex mutex_;
  std::map<ChildId, std::shared_ptr<Running>> children_;  // guarded by mutex_
  OomWitness oom_witness_;                                // guarded by mutex_
  SerialThread errands_{"cerium-errands", SerialThread::AtEnd::kFinish};
};

}  // namespace cerium::cluster_manager
