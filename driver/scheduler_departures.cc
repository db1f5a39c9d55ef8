// Cerium. Licensed under the Apache License 2.0.
// SchedulerLoop: executors that leave or are not needed, and how many there should be.
#include <algorithm>

#include "base/util/log.h"
#include "driver/scheduler_loop.h"

namespace cerium {

void SchedulerLoop::executorLeaving(ExecutorId executor, std::string reason) {
  post([this, executor, reason = std::move(reason)] {
    if (hosts_.contains(executor)) {
      beginDeparture(executor, reason);
    } else {
      leave_on_arrival_[executor] = reason;
    }
  });
}

void SchedulerLoop::beginDeparture(ExecutorId executor, const std::string& reason) {
  if (!departures_.leave(executor, reason, now())) return;
  log::info("executor {} leaves ({}): its tasks end, then its blocks move", executor.value, reason);
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
    for (int map : maps) departures_.outputMoved(from, shuffle, map);
  });
}

void SchedulerLoop::executorRetired(ExecutorId executor) {
  post([this, executor] {
    if (cores_.erase(executor) == 0) return;
    log::info("executor {} is retired: it was idle; it still serves its shuffle output", executor.value);
    carryOut(tasks_.executorLost(executor, {}, {}, now()));
  });
}

void SchedulerLoop::followDepartures() {
  if (departures_.empty()) return;
  const bool has_room =
      std::any_of(hosts_.begin(), hosts_.end(), [this](const auto& each) { return !departures_.contains(each.first); });
  Departures::Work work{{}, tasks_.oldestTask(), tasks_.nextTask(), !has_room && backend_.isStartingExecutors()};
  for (const auto& [executor, cores] : cores_) {
    if (departures_.contains(executor) && !tasks_.runningOn(executor).empty()) work.busy.insert(executor);
  }
  const auto orders = departures_.tick(work, now());
  for (const auto& order : orders.move) moveBlocks(order.executor);
  for (const auto& order : orders.retire) backend_.retire(order.executor);
  for (const auto& order : orders.let_go) backend_.letGo(order.executor, order.reason);
}

/// Spreads what the executor holds over those that stay; where none is active, over those that only serve.
void SchedulerLoop::moveBlocks(ExecutorId from) {
  std::vector<ExecutorId> targets;
  std::vector<ExecutorId> retired;
  for (const auto& [executor, host] : hosts_) {
    if (!departures_.contains(executor)) targets.push_back(executor);
    if (departures_.isRetired(executor)) retired.push_back(executor);
  }
  if (targets.empty()) targets = std::move(retired);
  if (targets.empty()) return departures_.moving(from, {}, {});  // lineage makes up for what is lost
  const auto outputs = dag_.mapOutputsOn(from);
  const auto blocks = dag_.blocksOn(from);
  departures_.moving(from, {outputs.begin(), outputs.end()}, {blocks.begin(), blocks.end()});
  size_t next = 0;
  std::map<std::pair<ShuffleId, ExecutorId>, std::vector<int>> batches;
  for (const auto& [shuffle, map] : outputs) batches[{shuffle, targets[next++ % targets.size()]}].push_back(map);
  for (const auto& [batch, maps] : batches) {
    const auto& status = dag_.mapOutputs(batch.first)[static_cast<size_t>(maps.front())];
    backend_.moveShuffle(batch.first, maps, static_cast<int>(status->bytes.size()), from, batch.second);
  }
  for (const auto& [rdd, partition] : blocks)
    backend_.copyBlock(rdd, partition, from, targets[next++ % targets.size()]);
}

void SchedulerLoop::decideAllocation() {
  std::vector<AllocationPolicy::Seen> seen;
  for (const auto& [executor, cores] : cores_) {
    if (departures_.contains(executor)) continue;
    seen.push_back({executor, cores, static_cast<int>(tasks_.runningOn(executor).size()), dag_.holdsBlocks(executor)});
  }
  const auto decision = allocation_.decide(seen, tasks_.pendingTasks(), now());
  for (ExecutorId executor : decision.retire) {
    if (departures_.retire(executor, now())) tasks_.executorLeaving(executor);
  }
  if (decision.want >= 0) backend_.want(decision.want);
}

}  // namespace cerium
