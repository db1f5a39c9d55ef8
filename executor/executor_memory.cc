// Cerium. Licensed under the Apache License 2.0.
// Executor: watches its process's memory, so that a task whose functions fill it is stopped and named before the kernel
// ends the process.
#include <fmt/format.h>

#include "base/util/heap_pages.h"
#include "base/util/log.h"
#include "executor/executor.h"
#include "executor/memory_watch.h"
#include "executor/thread_stack.h"

namespace cerium {
namespace {

std::string mebibytes(uint64_t bytes) { return fmt::format("{} MiB", bytes >> 20); }

}  // namespace

void Executor::watchMemory() {
  MemoryWatch watch(options_.process_limit, options_.cores);
  MutexLock lock(mutex_);
  while (!reaper_ends_) {
    lock.unlock();
    size_t resident = residentBytes();
    if (watch.shouldReturnFree(resident, std::chrono::steady_clock::now())) {
      returnFreeHeap();
      resident = residentBytes();
    }
    lock.lock();
    const auto decision = watch.look(resident, taskHeaps(), std::chrono::steady_clock::now());
    if (decision.kind == MemoryWatch::Decision::Kind::kFail) failForMemory(decision.task, resident);
    if (decision.kind == MemoryWatch::Decision::Kind::kEndProcess) {
      CrashRecord where = stackOf(running_.at(decision.task.task).thread);
      where.cause = CrashRecord::Cause::kMemory;
      where.task = decision.task.task.value;
      where.task_heap = static_cast<uint64_t>(decision.task.bytes);
      where.process_bytes = resident;
      where.process_limit = watch.limit();
      endProcess(fmt::format("task {} holds {} and does not stop", where.task, mebibytes(where.task_heap)), where);
    }
    const auto next = std::chrono::steady_clock::now() + watch.pause(resident);
    while (!reaper_ends_ && unwatched_.waitUntil(mutex_, next)) {
    }
  }
}

/// The mutex keeps the threads, and so their counters, alive.
std::vector<MemoryWatch::TaskHeap> Executor::taskHeaps() const {
  std::vector<MemoryWatch::TaskHeap> heaps;
  for (const auto& [id, task] : running_) {
    heaps.push_back({id, task.heap.net() - task.heap_before - static_cast<int64_t>(task.share->charged())});
  }
  return heaps;
}

void Executor::failForMemory(const MemoryWatch::TaskHeap& guilty, size_t resident) {
  const TaskContext& task = *running_.at(guilty.task).context;
  std::string why = fmt::format(
      "the task was stopped: its functions hold about {} of memory that cannot be spilled, and its executor {} of "
      "the {} that it may use (cerium.executor.memory and cerium.executor.memoryOverhead). Hold less at a time in "
      "them, "
      "use more partitions, run fewer tasks at a time in an executor, or give executors more memory",
      mebibytes(static_cast<uint64_t>(guilty.bytes)), mebibytes(resident), mebibytes(options_.process_limit));
  log::warn("task {} (stage {}, partition {}): {}", guilty.task.value, task.stageId(), task.partitionId(), why);
  running_.at(guilty.task).context->fail(std::move(why));
  reaper_.told(guilty.task, std::chrono::steady_clock::now());
  told_.notifyOne();
}

}  // namespace cerium
