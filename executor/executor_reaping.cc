// Cerium. Licensed under the Apache License 2.0.
// Executor: deals with tasks that were told to stop and did not.
#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>

#include "base/util/log.h"
#include "executor/executor.h"
#include "executor/thread_stack.h"

namespace cerium {

void Executor::reap() {
  MutexLock lock(mutex_);
  while (!reaper_ends_) {
    if (const auto next = reaper_.next()) {
      told_.waitUntil(mutex_, *next);
    } else {
      told_.wait(mutex_);
    }
    for (TaskId id : reaper_.overdue(std::chrono::steady_clock::now())) {
      auto found = running_.find(id);
      if (found == running_.end()) continue;
      const Running task = found->second;
      lock.unlock();
      endHanging(id, task);
      lock.lock();
    }
  }
}

/// The task may end meanwhile; its thread stays, because stop() waits for this thread before it joins others.
void Executor::endHanging(TaskId id, const Running& task) {
  CrashRecord where = stackOf(task.thread);
  where.task = id.value;
  where.cause = CrashRecord::Cause::kHangs;
  const std::string what = fmt::format(
      "task {} (stage {}, partition {}, attempt {}) did not stop within {} ms of being told to "
      "(cerium.task.reaper.killTimeout)",
      id.value, task.context->stageId(), task.context->partitionId(), task.context->attemptNumber(),
      options_.kill_timeout.count());
  if (options_.owns_process) {
    {
      MutexLock lock(mutex_);
      if (!running_.contains(id)) return;
    }
    endProcess(what, where);
  }
  if (!giveUp(id)) return;
  TaskReport report;
  report.id = id;
  report.outcome = TaskReport::Outcome::kKilled;
  report.message = what;
  link_->taskEnded(std::move(report));
  const std::string stack = describeStack(where);
  log::warn("{}: its thread is given up, and another takes its core. {}", what,
            stack.empty() ? "Its stack is not known" : "It is\n" + stack);
}

/// The driver logs the stack, because looking up the names takes time.
void Executor::endProcess(const std::string& what, const CrashRecord& where) const {
  leaveCrashRecord(where);
  // If the task hangs while it holds a lock that logging needs, the alarm ends the process.
  ::signal(SIGALRM, SIG_DFL);
  ::alarm(1);
  log::warn("{}: this process ends and is replaced; the driver's log has the task's stack", what);
  ::_exit(1);
}

/// Replaces the thread by another one. Returns false if the task has ended meanwhile.
bool Executor::giveUp(TaskId id) {
  MutexLock lock(mutex_);
  auto found = running_.find(id);
  if (found == running_.end() || !found->second.context->claimEnd()) return false;
  const pthread_t thread = found->second.thread;
  free_places_.push_back(found->second.place);
  running_.erase(found);
  given_up_.emplace(id, shared_from_this());
  std::erase_if(threads_, [&](pthread_t each) { return ::pthread_equal(each, thread) != 0; });
  ::pthread_detach(thread);
  --threads_at_work_;
  left_.notifyAll();
  if (stopping_) return true;
  try {
    startThread();
  } catch (const std::exception& e) {
    log::error("a core is lost: {}", e.what());
  }
  return true;
}

}  // namespace cerium
