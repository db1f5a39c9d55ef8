// Cerium. Licensed under the Apache License 2.0.
// `cerium submit` in client mode: the program is a child of this process.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <optional>

#include "base/protocol/executor_environment.h"
#include "base/util/child_process.h"
#include "base/util/environment.h"
#include "base/util/error.h"
#include "base/util/mutex.h"
#include "cli/submit_run.h"

namespace cerium::cli {
namespace {

constexpr std::chrono::seconds kToEnd{5};

/// Passes the user's SIGINTs to a program, with a stronger signal each time.
class SigintHandler {
 public:
  explicit SigintHandler(ChildProcess& child) : child_(child) {}

  void on(const SignalQueue::Taken& taken) {
    if (taken.signal != SIGINT) return end(taken.signal);
    ++count_;
    // The terminal sends SIGINT to the program itself.
    if (count_ == 1 && !taken.from_terminal) child_.kill(SIGINT);
    if (count_ == 2) end(SIGTERM);
    if (count_ > 2) child_.kill(SIGKILL);
  }
  /// Called periodically: kills the program five seconds after it was told to end.
  void look() {
    if (std::chrono::steady_clock::now() >= end_by_) child_.kill(SIGKILL);
  }

 private:
  void end(int signal) {
    child_.kill(signal);
    end_by_ = std::min(end_by_, std::chrono::steady_clock::now() + kToEnd);
  }

  ChildProcess& child_;
  int count_ = 0;
  std::chrono::steady_clock::time_point end_by_ = std::chrono::steady_clock::time_point::max();
};

}  // namespace

SignalQueue submitSignals() { return {SIGINT, SIGTERM, SIGHUP}; }

int runHere(SignalQueue& signals, const std::vector<std::string>& command,
            const std::map<std::string, std::string>& variables) {
  ChildOrder order;
  order.program = command.front();
  order.arguments = command;
  order.environment = ownEnvironment();
  for (const auto& [name, value] : variables) order.environment[name] = value;
  order.environment[DriverEnvironment::kCancelOnInterrupt] = "1";
  order.streams = ChildOrder::Streams::kInherited;

  struct {
    Mutex mutex;
    std::optional<ChildEnd> how CERIUM_GUARDED_BY(mutex);
  } ended;
  ChildProcess child(order, [&](ChildEnd end) {
    MutexLock lock(ended.mutex);
    ended.how = std::move(end);
    SignalQueue::wake();
  });
  SigintHandler interrupts(child);
  for (;;) {
    const auto taken = signals.next(std::chrono::milliseconds(500));
    MutexLock lock(ended.mutex);
    if (ended.how) return ended.how->signal > 0 ? 128 + ended.how->signal : ended.how->exit_status;
    if (taken && taken->signal != 0) interrupts.on(*taken);
    interrupts.look();
  }
}

}  // namespace cerium::cli
