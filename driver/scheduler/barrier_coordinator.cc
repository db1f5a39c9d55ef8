// Cerium. Licensed under the Apache License 2.0.
#include "driver/scheduler/barrier_coordinator.h"

#include <chrono>

namespace cerium {

std::vector<std::string> BarrierCoordinator::enter(Key key, int total, const std::string& message, TaskContext& task,
                                                   int64_t limit_ms) {
  MutexLock lock(mutex_);
  auto& current = rounds_[key];
  if (!current) current = std::make_shared<Round>();
  const std::shared_ptr<Round> round = current;
  // One that was told to stop, and has not noticed yet, waits no more.
  std::erase_if(round->here, [](const auto& entry) { return entry.second.task->isInterrupted(); });
  round->here[task.partitionId()] = {&task, message};
  if (static_cast<int>(round->here.size()) == total) {
    for (auto& [partition, waiting] : round->here) round->messages.push_back(std::move(waiting.message));
    round->open = true;
    rounds_.erase(key);
    changed_.notifyAll();
  }
  const auto until = std::chrono::steady_clock::now() + std::chrono::milliseconds(limit_ms);
  while (!round->open && !closed_ && !task.isInterrupted()) {
    if (std::chrono::steady_clock::now() > until) {
      leave(key, task);
      throw barrierTimeout(limit_ms);
    }
    changed_.waitFor(mutex_, std::chrono::milliseconds(100));  // the bound is how soon a killed task notices
  }
  if (round->open && !task.isInterrupted()) return round->messages;
  leave(key, task);
  throw TaskKilled("barrier: the task was told to stop while it waited for the others");
}

/// The task waits no more. Another that runs in its place may be here already, and stays.
void BarrierCoordinator::leave(const Key& key, const TaskContext& task) {
  const auto round = rounds_.find(key);
  if (round == rounds_.end()) return;
  auto& here = round->second->here;
  const auto place = here.find(task.partitionId());
  if (place != here.end() && place->second.task == &task) here.erase(place);
  if (here.empty()) rounds_.erase(round);
}

void BarrierCoordinator::close() {
  MutexLock lock(mutex_);
  closed_ = true;
  changed_.notifyAll();
}

size_t BarrierCoordinator::size() {
  MutexLock lock(mutex_);
  return rounds_.size();
}

}  // namespace cerium
