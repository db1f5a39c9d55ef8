// Cerium. Licensed under the Apache License 2.0.
#include "driver/scheduler/decommission.h"

#include <algorithm>

namespace cerium {

bool DecommissionTracker::leave(ExecutorId executor, const std::string& reason, Millis now) {
  auto [place, is_new] = all_.try_emplace(executor);
  if (!is_new && !place->second.retires) return false;
  place->second = {};
  place->second.reason = reason;
  place->second.since = now;
  return true;
}

bool DecommissionTracker::retire(ExecutorId executor, Millis now) {
  auto [place, is_new] = all_.try_emplace(executor);
  if (!is_new) return false;
  place->second.retires = true;
  place->second.reason = "it was idle";
  place->second.since = now;
  return true;
}

bool DecommissionTracker::isRetired(ExecutorId executor) const {
  auto found = all_.find(executor);
  return found != all_.end() && found->second.retires && found->second.phase == Phase::kDone;
}

void DecommissionTracker::lost(ExecutorId executor) {
  all_.erase(executor);
  const auto is_its = [&](const auto& each) { return each.second == executor; };
  for (auto& [id, departure] : all_) {
    const bool loses_some = std::any_of(departure.outputs.begin(), departure.outputs.end(), is_its) ||
                            std::any_of(departure.blocks.begin(), departure.blocks.end(), is_its);
    if (departure.phase == Phase::kBlocks && loses_some) departure.phase = Phase::kTasks;  // moves what it still has
  }
}

void DecommissionTracker::moving(ExecutorId executor, Outputs outputs, Blocks blocks) {
  auto found = all_.find(executor);
  if (found == all_.end()) return;
  found->second.is_read = !outputs.empty() || !blocks.empty();
  found->second.outputs = std::move(outputs);
  found->second.blocks = std::move(blocks);
}

void DecommissionTracker::outputMoved(ExecutorId executor, ShuffleId shuffle, int map) {
  auto found = all_.find(executor);
  if (found != all_.end()) found->second.outputs.erase({shuffle, map});
}

void DecommissionTracker::blockCopied(RddId rdd, int partition, ExecutorId holder) {
  for (auto& [executor, departure] : all_) {
    if (executor != holder) departure.blocks.erase({rdd, partition});
  }
}

void DecommissionTracker::blockMissing(RddId rdd, int partition, ExecutorId holder) {
  for (auto& [executor, departure] : all_) {
    auto waits = departure.blocks.find({rdd, partition});
    if (waits != departure.blocks.end() && (waits->second == holder || executor == holder))
      departure.blocks.erase(waits);
  }
}

DecommissionTracker::Orders DecommissionTracker::tick(const Work& work, Millis now) {
  Orders orders;
  for (auto& [executor, departure] : all_) {
    const bool has_time = now - departure.since < kMoveLimit;
    const bool waits_for_room = !departure.retires && work.room_is_coming && has_time;
    if (departure.phase == Phase::kTasks && !work.busy.contains(executor) && !waits_for_room) {
      departure.phase = departure.retires ? Phase::kDone : Phase::kBlocks;
      departure.since = now;
      if (departure.retires) {
        orders.retire.push_back({executor});
      } else {
        orders.move.push_back({executor});
      }
      continue;
    }
    if (departure.phase == Phase::kBlocks) {
      if (has_time && !(departure.outputs.empty() && departure.blocks.empty())) continue;
      departure.phase = Phase::kReaders;  // those that come from now on are told where it all went
      departure.readers = work.next;
    }
    if (departure.phase == Phase::kReaders) {
      if (has_time && departure.is_read && work.oldest < departure.readers) continue;
      departure.phase = Phase::kDone;
      orders.let_go.push_back({executor, departure.reason});
    }
  }
  return orders;
}

}  // namespace cerium
