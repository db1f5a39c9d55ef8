// Cerium. Licensed under the Apache License 2.0.
// Ctrl-C in a program that `cerium submit` runs: the first one cancels its jobs, the next one ends it.
#pragma once

#include <functional>
#include <thread>

namespace cerium {

/// From its construction to its end, the first SIGINT of this process calls `cancel` on a thread of this object instead
/// of ending the process; then SIGINT does again what it did before. One at a time in a process.
class Interrupts {
 public:
  explicit Interrupts(std::function<void()> cancel);
  ~Interrupts();
  Interrupts(const Interrupts&) = delete;
  Interrupts& operator=(const Interrupts&) = delete;

 private:
  std::thread thread_;
};

/// Whether whoever started this program wants that: DriverEnvironment::kCancelOnInterrupt is set.
[[nodiscard]] bool wantsInterrupts();

}  // namespace cerium
