// Cerium. Licensed under the Apache License 2.0.
// The functions with which `cerium submit` runs a program.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/config/config.h"
#include "cli/manager_client.h"
#include "cli/signals.h"
#include "cli/submit_settings.h"

namespace cerium::cli {

/// Runs the program here, as a child with this process's streams and environment and with `variables`. The first SIGINT
/// goes to the program, which cancels its jobs; the second ends it. Returns its exit status, 128 + N for a signal N.
[[nodiscard]] int runHere(SignalQueue& signals, const std::vector<std::string>& command,
                          const std::map<std::string, std::string>& variables);

/// Runs the program on a worker, serves it to the worker, prints its output and returns its exit status. The first
/// SIGINT cancels the program's jobs, the second ends it; a third one, or SIGTERM, ends only this command.
[[nodiscard]] int runInCluster(SignalQueue& signals, const SubmitFlags& flags, const Conf& conf,
                               const ManagerAddresses& managers);

/// `cerium submit --kill ID`, which waits up to ten seconds for the driver's end, and `cerium submit --status ID`.
[[nodiscard]] int askAboutDriver(const ManagerAddresses& managers, const protocol::ClusterMessage& question);

/// A queue of the signals that these functions take.
[[nodiscard]] SignalQueue submitSignals();

}  // namespace cerium::cli
