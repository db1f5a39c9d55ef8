// Cerium. Licensed under the Apache License 2.0.
// Which worker gets which executor or driver, and why something cannot be placed. Pure functions over what is free.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace cerium::cluster_manager {

/// What a worker that takes executors has, and has free.
struct WorkerRoom {
  std::string worker;
  int32_t cores = 0;
  uint64_t memory = 0;
  int32_t cores_free = 0;
  uint64_t memory_free = 0;
};

struct ExecutorNeed {
  int32_t cores = 0;           ///< Of each executor; 0 is whatever a worker has free.
  uint64_t memory = 0;         ///< Of each executor.
  int64_t cores_left = 0;      ///< That the application may have besides what it has.
  int64_t executors_left = 0;  ///< Likewise.
};

struct ExecutorGrant {
  size_t room = 0;  ///< Its index.
  int32_t cores = 0;
};

/// As many executors as there is need and room for, each taken from its room. Spread out, each next executor goes to
/// the worker with the most cores free; else a worker is filled before the next is begun.
[[nodiscard]] std::vector<ExecutorGrant> grantExecutors(std::vector<WorkerRoom>& rooms, ExecutorNeed need,
                                                        bool spread_out);

/// The room with the most cores free that has these, if any; they are taken from it.
[[nodiscard]] std::optional<size_t> takeRoom(std::vector<WorkerRoom>& rooms, int32_t cores, uint64_t memory);

/// Why none of the rooms has them: "needs 4 cores on one worker; the best of 2 workers has 2 free". `registered` is
/// the number of workers, whether they take anything or not. Where it is a matter of what others hold, says who.
[[nodiscard]] std::string whyNoRoom(const std::vector<WorkerRoom>& rooms, size_t registered, int32_t cores,
                                    uint64_t memory, const std::string& holders);

/// "2 GiB", "1536 MiB".
[[nodiscard]] std::string formatMemory(uint64_t bytes);

}  // namespace cerium::cluster_manager
