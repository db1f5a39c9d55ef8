// Cerium. Licensed under the Apache License 2.0.
// Chooses the worker for an executor or a driver, and explains why something cannot be placed. Pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace cerium::cluster_manager {

/// The cores and memory of a worker that takes new work, in all and free.
struct WorkerRoom {
  std::string worker;
  int32_t cores = 0;
  uint64_t memory = 0;
  int32_t cores_free = 0;
  uint64_t memory_free = 0;
};

/// What an application still needs.
struct ExecutorNeed {
  int32_t cores = 0;           ///< Of each executor; 0: all cores that a worker has free.
  uint64_t memory = 0;         ///< Of each executor.
  int64_t cores_left = 0;      ///< Cores that the application may get in addition.
  int64_t executors_left = 0;  ///< Executors that the application may get in addition.
};

struct ExecutorGrant {
  size_t room = 0;  ///< The index of the room.
  int32_t cores = 0;
};

/// Grants as many executors as are needed and fit, and subtracts each from its room. With `spread_out`, the worker with
/// the most free cores gets the next executor; without, one worker is filled before the next.
[[nodiscard]] std::vector<ExecutorGrant> grantExecutors(std::vector<WorkerRoom>& rooms, ExecutorNeed need,
                                                        bool spread_out);

/// Takes the resources from the room with the most free cores that has enough. Nothing if no room has.
[[nodiscard]] std::optional<size_t> takeRoom(std::vector<WorkerRoom>& rooms, int32_t cores, uint64_t memory);

/// Why no room has enough: "needs 4 cores on one worker; the best of 2 workers has 2 free". `registered` is the number
/// of workers; workers that take no new work count too. `holders` names what holds the resources, if freeing them would
/// help.
[[nodiscard]] std::string whyNoRoom(const std::vector<WorkerRoom>& rooms, size_t registered, int32_t cores,
                                    uint64_t memory, const std::string& holders);

/// "2 GiB", "1536 MiB".
[[nodiscard]] std::string formatMemory(uint64_t bytes);

}  // namespace cerium::cluster_manager
