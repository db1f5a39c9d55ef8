// Cerium. Licensed under the Apache License 2.0.
#include "base/util/oom_witness.h"

#include <fmt/format.h>

#include <fstream>
#include <utility>

namespace cerium {

OomWitness::OomWitness(MachineLimits limits) : limits_(std::move(limits)), accounted_for_(limits_.oomKills()) {}

void OomWitness::offer(pid_t child) { std::ofstream(fmt::format("/proc/{}/oom_score_adj", child)) << 500; }

std::string OomWitness::whyKilled() {
  if (limits_.oomKills() <= accounted_for_) return {};
  ++accounted_for_;
  const auto limit = limits_.memoryLimit();
  return limit ? fmt::format("killed by the memory limit of {} MiB", *limit >> 20)
               : std::string("killed by the system, which had no memory left");
}

}  // namespace cerium
