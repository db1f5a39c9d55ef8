// Cerium. Licensed under the Apache License 2.0.
// A running worker: WorkerState between the manager, a clock, processes and a web port.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/rpc/transport.h"
#include "base/util/machine_limits.h"

namespace cerium::cluster_manager {

struct WorkerOptions {
  std::vector<rpc::Endpoint> managers;  ///< In the order in which they are tried.
  std::string host = "127.0.0.1";       ///< Where it listens, and under which others reach it.
  uint16_t port = 0;                    ///< 0: any free port.
  uint16_t web_port = 8081;             ///< Likewise.
  int cores = 1;
  uint64_t memory = 0;
  std::string work_dir;           ///< Of this worker alone, see work_folder.h.
  bool or_next_work_dir = false;  ///< Where another worker has it: with "-2" behind it, "-3"...
  std::string secret_file = {};   ///< As in rpc::SecretQuery.
  bool authenticate = true;
  MachineLimits limits = MachineLimits();
};

/// Threads: thread-safe. Its own: "cerium-worker", which decides, and those of manager_link.h, child_runner.h and the
/// web port. A worker that is destroyed kills what it runs.
class WorkerDaemon {
 public:
  /// Starts; `on_left` is called once, on a thread of the worker, when it has left the cluster (leave() or the
  /// manager's word), and must not destroy it. Throws InvalidArgument for a secret that cannot be used and
  /// for a folder that another worker has, IoError for folders and addresses.
  WorkerDaemon(WorkerOptions options, std::function<void()> on_left);
  ~WorkerDaemon();
  WorkerDaemon(const WorkerDaemon&) = delete;
  WorkerDaemon& operator=(const WorkerDaemon&) = delete;

  /// No more executors; ends when those that run have ended, or moved away, at the latest in a minute. The second call
  /// kills what runs.
  void leave();

  [[nodiscard]] const std::string& id() const;
  [[nodiscard]] uint16_t webPort() const;
  [[nodiscard]] const std::string& workDir() const;
  /// As /json answers.
  [[nodiscard]] std::string json() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace cerium::cluster_manager
