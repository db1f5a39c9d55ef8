// Cerium. Licensed under the Apache License 2.0.
// Tells whether the kernel killed a child of this process because memory ran out.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>

#include "base/util/machine_limits.h"

namespace cerium {

/// Compares the kernel's count of killed processes with the number of kills already explained.
/// Threads: externally synchronised.
class OomWitness {
 public:
  explicit OomWitness(MachineLimits limits = MachineLimits());

  /// Makes the kernel prefer to kill `child` rather than this process when memory runs out.
  static void offer(pid_t child);
  /// Call once for each child that died of a SIGKILL which this process did not send. Returns "killed by the memory
  /// limit of 512 MiB", or empty if memory was not the reason.
  [[nodiscard]] std::string whyKilled();

 private:
  const MachineLimits limits_;
  uint64_t accounted_for_;
};

}  // namespace cerium
