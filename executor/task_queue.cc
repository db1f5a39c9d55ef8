// Cerium. Licensed under the Apache License 2.0.
#include "executor/task_queue.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace cerium {
namespace {

bool follows(const TaskLaunch& next, const TaskLaunch& task) {
  return next.stage == task.stage && next.stage_attempt == task.stage_attempt && next.partition == task.partition + 1;
}

}  // namespace

void TaskQueue::add(std::vector<TaskLaunch> tasks) {
  size_ += tasks.size();
  for (TaskLaunch& task : tasks) {
    if (free_.empty() || !follows(task, free_.back().back())) free_.emplace_back();
    free_.back().push_back(std::move(task));
  }
}

TaskQueue::Taken TaskQueue::take(int thread) {
  Run& own = owned_[static_cast<size_t>(thread)];
  if (own.empty()) fill(own);
  Taken taken{std::move(own.front()), static_cast<int>(own.size()) - 1};
  own.pop_front();
  --size_;
  return taken;
}

/// Gives a thread tasks. Its share of a run is what is left when all threads get as much.
void TaskQueue::fill(Run& own) {
  if (!free_.empty()) {
    Run& first = free_.front();
    const size_t share = (first.size() + owned_.size() - 1) / owned_.size();
    moveTasks(first, own, 0, share);
    if (first.empty()) free_.pop_front();
    return;
  }
  Run& longest =
      *std::max_element(owned_.begin(), owned_.end(), [](const Run& a, const Run& b) { return a.size() < b.size(); });
  const size_t kept = longest.size() / 2;
  moveTasks(longest, own, kept, longest.size() - kept);
}

void TaskQueue::moveTasks(Run& from, Run& to, size_t first, size_t count) {
  const auto begin = from.begin() + static_cast<int64_t>(first);
  const auto end = begin + static_cast<int64_t>(count);
  to.insert(to.end(), std::make_move_iterator(begin), std::make_move_iterator(end));
  from.erase(begin, end);
}

std::optional<TaskLaunch> TaskQueue::remove(TaskId id) {
  const auto removeFrom = [&](Run& run) -> std::optional<TaskLaunch> {
    auto found = std::find_if(run.begin(), run.end(), [&](const TaskLaunch& task) { return task.id == id; });
    if (found == run.end()) return std::nullopt;
    TaskLaunch removed = std::move(*found);
    run.erase(found);
    --size_;
    return removed;
  };
  for (Run& run : owned_) {
    if (auto removed = removeFrom(run)) return removed;
  }
  for (auto run = free_.begin(); run != free_.end(); ++run) {
    auto removed = removeFrom(*run);
    if (!removed) continue;
    if (run->empty()) free_.erase(run);
    return removed;
  }
  return std::nullopt;
}

void TaskQueue::clear() {
  free_.clear();
  for (Run& run : owned_) run.clear();
  size_ = 0;
}

}  // namespace cerium
