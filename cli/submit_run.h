// Cerium. Licensed under the Apache License 2.0.
// The ways in which `cerium submit` runs a program.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/config/config.h"
#include "cli/manager_client.h"
#include "cli/signals.h"
#include "cli/submit_settings.h"

namespace cerium::cli {

/// Runs the program here, as a child with our streams and environment and these variables. The first SIGINT is for the
/// program, which cancels its jobs; the second ends it. Gives its exit status, 128 + N for a signal N.
[[nodiscard]] int runHere(SignalQueue& signals, const std::vector<std::string>& command,
                          const std::map<std::string, std::string>& variables);

/// Has a worker run the program, and stays to hand it out, to print what it prints and to give its exit status.
/// The first SIGINT cancels the program's jobs, the second ends it; a third one, or SIGTERM, ends this command alone.
[[nodiscard]] int runInCluster(SignalQueue& signals, const SubmitFlags& flags, const Conf& conf,
                               const ManagerAddresses& managers);

/// `cerium submit --kill ID`, which waits up to ten seconds for the driver's end, and --status ID.
[[nodiscard]] int askAboutDriver(const ManagerAddresses& managers, const protocol::ClusterMessage& question);

/// The signals that these take.
[[nodiscard]] SignalQueue submitSignals();

}  // namespace cerium::cli
