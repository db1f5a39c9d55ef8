// Cerium. Licensed under the Apache License 2.0.
// A running worker: WorkerState with a connection to the manager, a clock, processes and a web port.
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
  std::vector<rpc::Endpoint> managers;  ///< Tried in this order.
  std::string host = "127.0.0.1";       ///< The address on which it listens and under which other processes reach it.
  uint16_t port = 0;                    ///< 0: any free port.
  uint16_t web_port = 8081;             ///< 0: any free port.
  int cores = 1;
  uint64_t memory = 0;
  std::string work_dir;           ///< A folder for this worker alone; see work_folder.h.
  bool or_next_work_dir = false;  ///< If another worker uses it: take PATH-2, PATH-3...
  std::string secret_file = {};   ///< As in rpc::SecretQuery.
  bool authenticate = true;
  MachineLimits limits = MachineLimits();
  std::string version = {};                 ///< Cerium's, for the web pages.
  std::vector<std::string> web_names = {};  ///< Further names of the web port: cerium.ui.allowedHosts.
};

/// Threads: thread-safe. "cerium-worker" decides; manager_link.h, child_runner.h and the web port have threads of their
/// own. The destructor kills the worker's executors and drivers.
class WorkerDaemon {
 public:
  /// Starts the worker. `on_left` is called once, on a thread of the worker, when the worker has left the cluster (by
  /// leave() or the manager's order); it must not destroy the worker. Throws InvalidArgument for a secret that cannot
  /// be used and for a folder that another worker uses, IoError for folders and addresses.
  WorkerDaemon(WorkerOptions options, std::function<void()> on_left);
  ~WorkerDaemon();
  WorkerDaemon(const WorkerDaemon&) = delete;
  WorkerDaemon& operator=(const WorkerDaemon&) = delete;

  /// Takes no more executors and leaves when the running ones have ended or moved away, at the latest after a minute. A
  /// second call kills them.
  void leave();

  [[nodiscard]] const std::string& id() const;
  [[nodiscard]] uint16_t webPort() const;
  /// The address of the web pages; with the token for the login, if one is needed.
  [[nodiscard]] std::string webLink() const;
  [[nodiscard]] const std::string& workDir() const;
  /// The text that /json answers.
  [[nodiscard]] std::string json() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace cerium::cluster_manager
