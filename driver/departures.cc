// Cerium. Licensed under the Apache License 2.0.
#include "driver/departures.h"

namespace cerium {

bool Departures::leave(ExecutorId executor, const std::string& reason, Millis now) {
  return all_.try_emplace(executor, Departure{Phase::kTasks, false, reason, now, {}, {}}).second;
}

bool Departures::retire(ExecutorId executor, Millis now) {
  return all_.try_emplace(executor, Departure{Phase::kTasks, true, "it was idle", now, {}, {}}).second;
}

void Departures::moving(ExecutorId executor, std::set<std::pair<ShuffleId, int>> outputs,
                        std::set<std::pair<RddId, int>> blocks) {
  auto found = all_.find(executor);
  if (found == all_.end()) return;
  found->second.outputs = std::move(outputs);
  found->second.blocks = std::move(blocks);
}

void Departures::outputMoved(ExecutorId executor, ShuffleId shuffle, int map) {
  auto found = all_.find(executor);
  if (found != all_.end()) found->second.outputs.erase({shuffle, map});
}

void Departures::blockCopied(RddId rdd, int partition, ExecutorId holder) {
  for (auto& [executor, departure] : all_) {
    if (executor != holder) departure.blocks.erase({rdd, partition});
  }
}

Departures::Orders Departures::tick(const std::set<ExecutorId>& busy, Millis now) {
  Orders orders;
  for (auto& [executor, departure] : all_) {
    if (departure.phase == Phase::kTasks && !busy.contains(executor)) {
      departure.phase = departure.retires ? Phase::kDone : Phase::kBlocks;
      departure.since = now;
      if (departure.retires) {
        orders.retire.push_back({executor});
      } else {
        orders.move.push_back({executor});
      }
    } else if (departure.phase == Phase::kBlocks) {
      const bool moved = departure.outputs.empty() && departure.blocks.empty();
      if (!moved && now - departure.since < kMoveLimit) continue;
      departure.phase = Phase::kDone;
      orders.let_go.push_back({executor, departure.reason});
    }
  }
  return orders;
}

}  // namespace cerium
