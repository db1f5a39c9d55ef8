// Cerium. Licensed under the Apache License 2.0.
// Scheduler: executors that leave or are not needed, and how many there should be.
#include <fmt/format.h>

#include <algorithm>

#include "driver/scheduler/scheduler.h"

namespace cerium {

void Scheduler::on(in::ExecutorLeaving& event) {
  if (executors_.contains(event.executor)) {
    beginDecommission(event.executor, event.reason);
  } else {
    leave_on_arrival_[event.executor] = event.reason;
  }
}

void Scheduler::beginDecommission(ExecutorId executor, const std::string& reason) {
  if (!decommissions_.leave(executor, reason, now_)) return;
  log(fmt::format("executor {} leaves ({}): its tasks end, then its blocks move", executor.value, reason));
  tell(events::ExecutorLeaving{.at = {}, .executor = executor, .host = hostOf(executor), .reason = reason});
  carryOut(tasks_.executorLeaving(executor, now_));
}

void Scheduler::on(in::ShuffleMoved& event) {
  if (event.failure.empty()) {
    dag_.mapOutputsMoved(event.shuffle, event.maps, event.from, event.to);
  } else {
    warn(fmt::format("{} outputs of shuffle {} could not be moved from executor {} to {}: {}", event.maps.size(),
                     event.shuffle.value, event.from.value, event.to.value, event.failure));
  }
  for (int map : event.maps) decommissions_.outputMoved(event.from, event.shuffle, map);
}

void Scheduler::on(in::ExecutorRetired& event) {
  const auto found = executors_.find(event.executor);
  if (found == executors_.end() || std::exchange(found->second.cores, 0) == 0) return;
  log(fmt::format("executor {} is retired: it was idle; it still serves its shuffle output", event.executor.value));
  carryOut(tasks_.executorLost(event.executor, {}, {}, now_));
}

void Scheduler::followDecommissions(bool executors_are_starting) {
  if (decommissions_.empty()) return;
  const bool has_room = std::any_of(executors_.begin(), executors_.end(),
                                    [this](const auto& each) { return !decommissions_.contains(each.first); });
  DecommissionTracker::Work work{{}, tasks_.oldestTask(), tasks_.nextTask(), !has_room && executors_are_starting};
  for (const auto& [id, executor] : executors_) {
    const bool is_leaving = executor.cores > 0 && decommissions_.contains(id);
    if (is_leaving && !tasks_.runningOn(id).empty()) work.busy.insert(id);
  }
  const auto orders = decommissions_.tick(work, now_);
  for (const auto& order : orders.move) moveBlocks(order.executor);
  for (const auto& order : orders.retire) out_.emplace_back(out::RetireExecutor{order.executor});
  for (const auto& order : orders.let_go) out_.emplace_back(out::LetGo{order.executor, order.reason});
}

/// Spreads what the executor holds over the executors that stay; where none is active, its map outputs over executors
/// that only serve. What no executor takes is computed again from its lineage.
void Scheduler::moveBlocks(ExecutorId from) {
  std::vector<ExecutorId> active;
  std::vector<ExecutorId> serving;
  for (const auto& [id, executor] : executors_) {
    if (!decommissions_.contains(id)) active.push_back(id);
    if (decommissions_.isRetired(id)) serving.push_back(id);
  }
  size_t next = 0;
  auto outputs = moveOutputs(from, active.empty() ? serving : active, next);
  auto blocks = moveCached(from, active, next);
  decommissions_.moving(from, std::move(outputs), std::move(blocks));
}

DecommissionTracker::Outputs Scheduler::moveOutputs(ExecutorId from, const std::vector<ExecutorId>& takers,
                                                    size_t& next) {
  DecommissionTracker::Outputs outputs;
  if (takers.empty()) return outputs;
  std::map<std::pair<ShuffleId, ExecutorId>, out::MoveShuffle> batches;
  for (const auto& [shuffle, map] : dag_.mapOutputsOn(from)) {
    const ExecutorId to = takers[next++ % takers.size()];
    outputs[{shuffle, map}] = to;
    auto& batch = batches[{shuffle, to}];
    batch.maps.push_back(map);
    batch.checksums.push_back((*dag_.mapOutputs(shuffle))[static_cast<size_t>(map)]->checksum);
  }
  for (auto& [key, batch] : batches) {
    batch.shuffle = key.first;
    batch.reduces = dag_.numReduces(key.first);
    batch.from = from;
    batch.to = key.second;
    out_.emplace_back(std::move(batch));
  }
  return outputs;
}

DecommissionTracker::Blocks Scheduler::moveCached(ExecutorId from, const std::vector<ExecutorId>& takers,
                                                  size_t& next) {
  DecommissionTracker::Blocks blocks;
  if (takers.empty()) return blocks;
  for (const auto& [rdd, partition] : dag_.blocksOn(from)) {
    const auto holders = dag_.holders(rdd, partition);
    const bool stays = std::any_of(holders.begin(), holders.end(),
                                   [this](ExecutorId holder) { return !decommissions_.contains(holder); });
    if (stays) continue;
    const ExecutorId to = takers[next++ % takers.size()];
    blocks[{rdd, partition}] = to;
    const auto level = levels_.find(rdd);
    out_.emplace_back(
        out::CopyBlock{rdd, partition, level == levels_.end() ? StorageLevel::NONE : level->second, from, to});
  }
  return blocks;
}

void Scheduler::decideAllocation() {
  std::vector<AllocationPolicy::Seen> seen;
  for (const auto& [id, executor] : executors_) {
    if (executor.cores == 0 || decommissions_.contains(id)) continue;
    seen.push_back({id, executor.cores, static_cast<int>(tasks_.runningOn(id).size()), dag_.holdsBlocks(id)});
  }
  const auto decision = allocation_.decide(seen, tasks_.pendingTasks(), now_);
  for (ExecutorId executor : decision.retire) {
    if (!decommissions_.retire(executor, now_)) continue;
    tell(events::ExecutorLeaving{
        .at = {}, .executor = executor, .host = hostOf(executor), .reason = "it is idle and not needed"});
    carryOut(tasks_.executorLeaving(executor, now_));
  }
  if (decision.want >= 0) out_.emplace_back(out::WantExecutors{decision.want});
}

}  // namespace cerium
