// Cerium. Licensed under the Apache License 2.0.
#include "driver/backend/barrier_service.h"

namespace cerium {

BarrierService::Releases BarrierService::enter(ExecutorId executor, const protocol::BarrierEnter& enter, int total) {
  if (killed_.contains(TaskId(enter.task))) return {};
  auto& round = rounds_[StageId(enter.stage)];
  round[enter.partition] = {executor, enter.task, enter.message};
  Releases releases;
  if (static_cast<int>(round.size()) < total) return releases;
  std::vector<std::string> messages;
  for (const auto& [partition, waiting] : round) messages.push_back(waiting.message);
  for (const auto& [partition, waiting] : round) releases.push_back({waiting.executor, {waiting.task, "", messages}});
  rounds_.erase(StageId(enter.stage));
  return releases;
}

void BarrierService::taskKilled(ExecutorId executor, TaskId task) {
  leave(task);
  killed_[task] = executor;
}

void BarrierService::taskGone(TaskId task) {
  leave(task);
  killed_.erase(task);
}

void BarrierService::leave(TaskId task) {
  for (auto& [stage, round] : rounds_) {
    std::erase_if(round, [&](const auto& entry) { return entry.second.task == task.value; });
  }
}

void BarrierService::executorGone(ExecutorId executor) {
  std::erase_if(killed_, [&](const auto& entry) { return entry.second == executor; });
  for (auto& [stage, round] : rounds_) {
    std::erase_if(round, [&](const auto& entry) { return entry.second.executor == executor; });
  }
}

}  // namespace cerium
