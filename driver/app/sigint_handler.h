// Cerium. Licensed under the Apache License 2.0.
// Ctrl-C in a program that `cerium submit` runs: the first one cancels its jobs, the next one ends it.
#pragma once

#include <functional>

namespace cerium {

/// From its construction to its end, SIGINT calls `cancel` instead of ending the process, on a thread that all objects
/// of this class share; then SIGINT does again what it did before, until there is a new object. `cancel` must be quick.
class SigintHandler {
 public:
  explicit SigintHandler(std::function<void()> cancel);
  /// Does not return while `cancel` runs.
  ~SigintHandler();
  SigintHandler(const SigintHandler&) = delete;
  SigintHandler& operator=(const SigintHandler&) = delete;

 private:
  const std::function<void()> cancel_;
};

/// Whether whoever started this program wants that: DriverEnvironment::kCancelOnInterrupt is set.
[[nodiscard]] bool wantsInterrupts();

}  // namespace cerium
