// Cerium. Licensed under the Apache License 2.0.
#include "driver/barrier_board.h"

#include <chrono>

namespace cerium {

std::vector<std::string> BarrierBoard::enter(Key key, int partition, int total, const std::string& message,
                                             TaskContext& task, int64_t limit_ms) {
  std::unique_lock lock(mutex_);
  const int number = next_round_[{key, partition}]++;
  Round& round = rounds_[{key, number}];
  round.messages.resize(static_cast<size_t>(total));
  round.messages[static_cast<size_t>(partition)] = message;
  if (++round.arrived == total) {
    round.open = true;
    changed_.notify_all();
  }
  const auto until = std::chrono::steady_clock::now() + std::chrono::milliseconds(limit_ms);
  while (!round.open && !closed_ && !task.isInterrupted()) {
    if (std::chrono::steady_clock::now() > until) throw barrierTimeout(limit_ms);
    changed_.wait_for(lock, std::chrono::milliseconds(100));  // the bound is how soon a killed task notices
  }
  if (!round.open) throw TaskKilled("barrier: the task was told to stop while it waited for the others");
  auto messages = round.messages;
  if (++round.left == total) rounds_.erase({key, number});
  return messages;
}

void BarrierBoard::close() {
  std::lock_guard lock(mutex_);
  closed_ = true;
  changed_.notify_all();
}

}  // namespace cerium
