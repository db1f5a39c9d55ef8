// Cerium. Licensed under the Apache License 2.0.
#include "cluster-manager/manager/allocation.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <tuple>

namespace cerium::cluster_manager {
namespace {

bool fits(const WorkerRoom& room, int32_t cores, uint64_t memory) {
  return room.cores_free >= cores && room.memory_free >= memory;
}

/// The room with the most free cores, then the most free memory, among the rooms that have enough of both.
std::optional<size_t> emptiest(const std::vector<WorkerRoom>& rooms, int32_t cores, uint64_t memory) {
  std::optional<size_t> best;
  const auto emptiness = [&](size_t i) { return std::tuple(rooms[i].cores_free, rooms[i].memory_free); };
  for (size_t i = 0; i < rooms.size(); ++i) {
    if (fits(rooms[i], cores, memory) && (!best || emptiness(i) > emptiness(*best))) best = i;
  }
  return best;
}

void take(WorkerRoom& room, int32_t cores, uint64_t memory) {
  room.cores_free -= cores;
  room.memory_free -= memory;
}

/// Grants executors of a fixed size.
std::vector<ExecutorGrant> grantSized(std::vector<WorkerRoom>& rooms, ExecutorNeed need, bool spread_out) {
  std::vector<ExecutorGrant> grants;
  std::optional<size_t> chosen;
  while (need.cores_left >= need.cores && need.executors_left > 0) {
    const bool goes_on = !spread_out && chosen && fits(rooms[*chosen], need.cores, need.memory);
    if (!goes_on) chosen = emptiest(rooms, need.cores, need.memory);
    if (!chosen) break;
    take(rooms[*chosen], need.cores, need.memory);
    grants.push_back({*chosen, need.cores});
    need.cores_left -= need.cores;
    --need.executors_left;
  }
  return grants;
}

/// Grants one executor of any size on each worker: cores are dealt out one by one, or worker by worker.
std::vector<ExecutorGrant> grantAny(std::vector<WorkerRoom>& rooms, ExecutorNeed need, bool spread_out) {
  std::vector<size_t> order(rooms.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::erase_if(order, [&](size_t i) { return !fits(rooms[i], 1, need.memory); });
  std::stable_sort(order.begin(), order.end(),
                   [&](size_t a, size_t b) { return rooms[a].cores_free > rooms[b].cores_free; });
  if (static_cast<int64_t>(order.size()) > need.executors_left)
    order.resize(static_cast<size_t>(std::max<int64_t>(need.executors_left, 0)));

  std::vector<int32_t> dealt(order.size(), 0);
  bool has_dealt = true;
  while (has_dealt && need.cores_left > 0) {
    has_dealt = false;
    for (size_t i = 0; i < order.size() && need.cores_left > 0; ++i) {
      const int32_t left = rooms[order[i]].cores_free - dealt[i];
      const auto more = static_cast<int32_t>(std::min<int64_t>(spread_out ? std::min(left, 1) : left, need.cores_left));
      dealt[i] += more;
      need.cores_left -= more;
      has_dealt = has_dealt || more > 0;
    }
  }
  std::vector<ExecutorGrant> grants;
  for (size_t i = 0; i < order.size(); ++i) {
    if (dealt[i] == 0) continue;
    take(rooms[order[i]], dealt[i], need.memory);
    grants.push_back({order[i], dealt[i]});
  }
  return grants;
}

std::string plural(int64_t count, const char* noun) {
  return fmt::format("{} {}{}", count, noun, count == 1 ? "" : "s");
}

}  // namespace

std::vector<ExecutorGrant> grantExecutors(std::vector<WorkerRoom>& rooms, ExecutorNeed need, bool spread_out) {
  return need.cores > 0 ? grantSized(rooms, need, spread_out) : grantAny(rooms, need, spread_out);
}

std::optional<size_t> takeRoom(std::vector<WorkerRoom>& rooms, int32_t cores, uint64_t memory) {
  const auto chosen = emptiest(rooms, cores, memory);
  if (chosen) take(rooms[*chosen], cores, memory);
  return chosen;
}

std::string whyNoRoom(const std::vector<WorkerRoom>& rooms, size_t registered, int32_t cores, uint64_t memory,
                      const std::string& holders) {
  cores = std::max(cores, 1);
  if (registered == 0) return "no worker is registered";
  if (rooms.empty()) {
    return fmt::format("none of {} takes new work: they leave or have not come back",
                       plural(static_cast<int64_t>(registered), "worker"));
  }
  int32_t most_cores = 0;
  uint64_t most_memory = 0;
  bool would_fit = false;
  for (const WorkerRoom& room : rooms) {
    most_cores = std::max(most_cores, room.cores_free);
    most_memory = std::max(most_memory, room.memory_free);
    would_fit = would_fit || (room.cores >= cores && room.memory >= memory);
  }
  const std::string workers = plural(static_cast<int64_t>(rooms.size()), "worker");
  std::string why;
  if (most_cores < cores) {
    why = fmt::format("needs {} on one worker; the best of {} has {} free", plural(cores, "core"), workers, most_cores);
  } else if (most_memory < memory) {
    why = fmt::format("needs {} on one worker; the best of {} has {} free", formatMemory(memory), workers,
                      formatMemory(most_memory));
  } else {
    why = fmt::format("needs {} and {} on one worker; none of {} has both free", plural(cores, "core"),
                      formatMemory(memory), workers);
  }
  if (would_fit && !holders.empty()) why += "; waits for " + holders;
  return why;
}

std::string formatMemory(uint64_t bytes) {
  constexpr uint64_t kMiB = uint64_t{1} << 20;
  constexpr uint64_t kGiB = uint64_t{1} << 30;
  if (bytes >= kGiB && bytes % kGiB == 0) return fmt::format("{} GiB", bytes / kGiB);
  return fmt::format("{} MiB", bytes / kMiB);
}

}  // namespace cerium::cluster_manager
