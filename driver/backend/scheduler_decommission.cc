// Cerium. Licensed under the Apache License 2.0.
// SchedulerLoop: executors that leave or are not needed, and how many there should be.
#include <algorithm>

#include "base/util/log.h"
#include "driver/backend/scheduler_loop.h"

namespace cerium {

void SchedulerLoop::executorLeaving(ExecutorId executor, std::string reason) {
  post([this, executor, reason = std::move(reason)] {
    if (hosts_.contains(executor)) {
      beginDecommission(executor, reason);
    } else {
      leave_on_arrival_[executor] = reason;
    }
  });
}

void SchedulerLoop::beginDecommission(ExecutorId executor, const std::string& reason) {
  if (!decommissions_.leave(executor, reason, now())) return;
  log::info("executor {} leaves ({}): its tasks end, then its blocks move", executor.value, reason);
  bus_.post(events::ExecutorLeaving{
      .at = events::wallTime(), .executor = executor, .host = hostOf(executor), .reason = reason});
  tasks_.executorLeaving(executor);
}

void SchedulerLoop::shuffleMoved(ShuffleId shuffle, std::vector<int> maps, ExecutorId from, ExecutorId to,
                                 std::string failure) {
  post([this, shuffle, maps = std::move(maps), from, to, failure = std::move(failure)] {
    if (failure.empty()) {
      dag_.mapOutputsMoved(shuffle, maps, from, to);
    } else {
      log::warn("{} outputs of shuffle {} could not be moved from executor {} to {}: {}", maps.size(), shuffle.value,
                from.value, to.value, failure);
    }
    for (int map : maps) decommissions_.outputMoved(from, shuffle, map);
  });
}

void SchedulerLoop::executorRetired(ExecutorId executor) {
  post([this, executor] {
    if (cores_.erase(executor) == 0) return;
    log::info("executor {} is retired: it was idle; it still serves its shuffle output", executor.value);
    carryOut(tasks_.executorLost(executor, {}, {}, now()));
  });
}

void SchedulerLoop::followDecommissions() {
  if (decommissions_.empty()) return;
  const bool has_room = std::any_of(hosts_.begin(), hosts_.end(),
                                    [this](const auto& each) { return !decommissions_.contains(each.first); });
  DecommissionTracker::Work work{
      {}, tasks_.oldestTask(), tasks_.nextTask(), !has_room && backend_.isStartingExecutors()};
  for (const auto& [executor, cores] : cores_) {
    if (decommissions_.contains(executor) && !tasks_.runningOn(executor).empty()) work.busy.insert(executor);
  }
  const auto orders = decommissions_.tick(work, now());
  for (const auto& order : orders.move) moveBlocks(order.executor);
  for (const auto& order : orders.retire) backend_.retire(order.executor);
  for (const auto& order : orders.let_go) backend_.letGo(order.executor, order.reason);
}

/// Spreads what the executor holds over those that stay; where none is active, its map outputs over those that only
/// serve. Lineage makes up for what nobody takes.
void SchedulerLoop::moveBlocks(ExecutorId from) {
  std::vector<ExecutorId> active;
  std::vector<ExecutorId> serving;
  for (const auto& [executor, host] : hosts_) {
    if (!decommissions_.contains(executor)) active.push_back(executor);
    if (decommissions_.isRetired(executor)) serving.push_back(executor);
  }
  size_t next = 0;
  DecommissionTracker::Outputs outputs;
  std::map<std::pair<ShuffleId, ExecutorId>, MovedOutputs> batches;
  if (const auto& takers = active.empty() ? serving : active; !takers.empty()) {
    for (const auto& [shuffle, map] : dag_.mapOutputsOn(from)) {
      const ExecutorId to = takers[next++ % takers.size()];
      outputs[{shuffle, map}] = to;
      auto& batch = batches[{shuffle, to}];
      batch.maps.push_back(map);
      batch.checksums.push_back(dag_.mapOutputs(shuffle)[static_cast<size_t>(map)]->checksum);
    }
  }
  DecommissionTracker::Blocks blocks;
  for (const auto& [rdd, partition] : dag_.blocksOn(from)) {
    if (active.empty()) break;
    const auto& holders = dag_.holders(rdd, partition);
    const bool stays = std::any_of(holders.begin(), holders.end(),
                                   [this](ExecutorId holder) { return !decommissions_.contains(holder); });
    if (!stays) blocks[{rdd, partition}] = active[next++ % active.size()];
  }
  for (auto& [batch, moved] : batches) {
    backend_.moveShuffle(batch.first, std::move(moved), dag_.numReduces(batch.first), from, batch.second);
  }
  for (const auto& [block, to] : blocks) backend_.copyBlock(block.first, block.second, from, to);
  decommissions_.moving(from, std::move(outputs), std::move(blocks));
}

void SchedulerLoop::decideAllocation() {
  std::vector<AllocationPolicy::Seen> seen;
  for (const auto& [executor, cores] : cores_) {
    if (decommissions_.contains(executor)) continue;
    seen.push_back({executor, cores, static_cast<int>(tasks_.runningOn(executor).size()), dag_.holdsBlocks(executor)});
  }
  const auto decision = allocation_.decide(seen, tasks_.pendingTasks(), now());
  for (ExecutorId executor : decision.retire) {
    if (!decommissions_.retire(executor, now())) continue;
    bus_.post(events::ExecutorLeaving{.at = events::wallTime(),
                                      .executor = executor,
                                      .host = hostOf(executor),
                                      .reason = "it is idle and not needed"});
    tasks_.executorLeaving(executor);
  }
  if (decision.want >= 0) backend_.want(decision.want);
}

}  // namespace cerium
