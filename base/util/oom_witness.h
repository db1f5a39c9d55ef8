// Cerium. Licensed under the Apache License 2.0.
// Whether the kernel killed a child of this process for want of memory.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>

#include "base/util/machine_limits.h"

namespace cerium {

/// Compares how many processes the kernel has killed with how many of them are accounted for.
/// Threads: externally synchronised.
class OomWitness {
 public:
  explicit OomWitness(MachineLimits limits = MachineLimits());

  /// The kernel, short of memory, takes that child rather than this process.
  static void offer(pid_t child);
  /// To be asked once for each child that died of a SIGKILL which this process did not send. Empty where the kernel
  /// did not send it either: "killed by the memory limit of 512 MiB".
  [[nodiscard]] std::string whyKilled();

 private:
  const MachineLimits limits_;
  uint64_t accounted_for_;
};

}  // namespace cerium
