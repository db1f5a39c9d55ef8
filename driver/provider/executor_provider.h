// Cerium. Licensed under the Apache License 2.0.
// The seam between the backend, which talks to executors, and whoever starts and ends them: this process (a local
// cluster), or the manager of a standalone cluster and its workers.
#pragma once

#include <memory>
#include <string>

#include "base/rpc/transport.h"
#include "base/util/ids.h"
#include "driver/provider/executor_launcher.h"

namespace cerium {

/// How an executor ended, as far as its provider knows.
struct ExecutorEnd {
  bool seen = true;     ///< Somebody saw its process end; else only that it is out of reach is known.
  ProcessEnd process;   ///< Of one that was seen.
  std::string reason;   ///< Why it was ended, or what else is known ("killed by the memory limit of 512 MiB").
  std::string log_end;  ///< The last lines of its log.
};

/// What a provider tells. Threads: may be called from any thread; the backend takes each as an event.
class ProviderEvents {
 public:
  virtual ~ProviderEvents() = default;
  /// An executor is being started; it is given up where it has not registered after `limit_ms`.
  virtual void executorStarting(ExecutorId id, std::string log, int64_t limit_ms) = 0;
  virtual void executorLogIs(ExecutorId id, std::string log) = 0;
  virtual void executorEnded(ExecutorId id, ExecutorEnd end) = 0;
  /// Its machine leaves: no more tasks, move what it holds away, then release it.
  virtual void executorLeaving(ExecutorId id, std::string reason) = 0;
  /// No executor will come any more.
  virtual void providerFailed(std::string reason) = 0;
};

/// Threads: start() and stop() are called by the Context's thread, the rest by the scheduler loop's.
class ExecutorProvider {
 public:
  virtual ~ExecutorProvider() = default;

  /// Where the driver is to listen for executors, and the secret that it shares with them.
  [[nodiscard]] virtual rpc::Endpoint listenAt() const = 0;
  [[nodiscard]] virtual std::string secret() const = 0;

  /// Executors are to register at `driver`. Blocks until it is clear that some may come; throws IoError else.
  virtual void start(const rpc::Endpoint& driver, rpc::Transport& transport, ProviderEvents& events) = 0;
  /// Ends those that still run, and waits for them where it can.
  virtual void stop() = 0;

  /// Ends an executor: executorEnded() follows, at once or as soon as its machine can be asked. Another one comes.
  virtual void kill(ExecutorId id, const std::string& reason) = 0;
  /// The executor runs no more tasks and gives back its cores and memory, but its process lives on, to serve what it
  /// made, until the application ends. No other one comes for it.
  virtual void retired(ExecutorId id) = 0;
  /// How many executors there should be from now on, retired ones aside; -1 for as many as there may be.
  virtual void want(int executors) = 0;
  virtual void tick(int64_t now) = 0;

  /// Cores that executors have or are about to have; what parallelism defaults to.
  [[nodiscard]] virtual int cores() const = 0;
  /// Where executors of this machine write their logs; empty where they run elsewhere.
  [[nodiscard]] virtual std::string logDir() const { return {}; }
};

}  // namespace cerium
