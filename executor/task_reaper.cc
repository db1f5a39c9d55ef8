// Cerium. Licensed under the Apache License 2.0.
#include "executor/task_reaper.h"

#include <algorithm>

namespace cerium {

void TaskReaper::told(TaskId task, TimePoint now) {
  if (grace_.count() > 0) until_.try_emplace(task, now + grace_);
}

std::vector<TaskId> TaskReaper::overdue(TimePoint now) {
  std::vector<TaskId> tasks;
  for (const auto& [task, until] : until_) {
    if (until <= now) tasks.push_back(task);
  }
  for (TaskId task : tasks) until_.erase(task);
  std::sort(tasks.begin(), tasks.end());
  return tasks;
}

std::optional<TaskReaper::TimePoint> TaskReaper::next() const {
  std::optional<TimePoint> first;
  for (const auto& [task, until] : until_) first = first ? std::min(*first, until) : until;
  return first;
}

}  // namespace cerium
