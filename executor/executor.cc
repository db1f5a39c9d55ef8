// Cerium. Licensed under the Apache License 2.0.
#include "executor/executor.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <set>
#include <utility>

#include "base/util/heap_pages.h"
#include "executor/blocks/read_ahead.h"
#include "executor/current_task.h"

namespace cerium {
namespace {

// A stage of 10,000 RDDs in a row nests that many calls. The memory is reserved, and used only if needed.
constexpr size_t kStackBytes = size_t{256} << 20;

/// Gives all segments from the store of this process.
class LocalSegments final : public SegmentSource {
 public:
  LocalSegments(TaskContext& task, ShuffleStore& store, ExecutorId self, const ShuffleRange& range)
      : task_(task), store_(store), self_(self), range_(range), reduce_(range.reduce_begin), map_(range.map_begin) {}

  std::optional<FetchedSegment> next() override {
    while (!segments_ || at_ == segments_->size()) {
      if (map_ == range_.map_end) {
        map_ = range_.map_begin;
        ++reduce_;
      }
      if (reduce_ >= range_.reduce_end || map_ == range_.map_end) return std::nullopt;
      segments_ = store_.find(range_.shuffle, map_, reduce_);
      if (!segments_)
        throw FetchFailed(range_.shuffle, map_, self_, "map output " + std::to_string(map_) + " is not here");
      ++map_;
      at_ = 0;
    }
    return readLocal(task_, (*segments_)[at_++], {range_.shuffle, map_ - 1, self_});
  }

 private:
  TaskContext& task_;
  ShuffleStore& store_;
  const ExecutorId self_;
  const ShuffleRange range_;
  int reduce_;
  int map_;  ///< The next one of `reduce_`.
  std::shared_ptr<const std::vector<ShuffleSegment>> segments_;
  size_t at_ = 0;
};

}  // namespace

Executor::Executor(ExecutorOptions options, std::shared_ptr<ExecutorLink> link)
    : options_(std::move(options)),
      link_(std::move(link)),
      memory_(options_.memory_bytes),
      spill_(std::make_shared<SpillSpace>(options_.local_dirs)),
      blocks_(memory_, spill_, [this](const BlockChange& change) { link_->blockChanged(change); }),
      shuffles_(memory_),
      queue_(std::max(1, options_.cores)),
      reaper_(options_.kill_timeout) {
  // Iterations free and allocate hundreds of megabytes a second. With jemalloc's 10 s, memory that one size of blocks
  // has freed is kept while another size takes fresh pages. Shorter times cost processor time for page faults.
  returnFreeHeapWithin(std::chrono::seconds(1));
  for (int place = options_.cores; place-- > 0;) free_places_.push_back(place);
  memory_.setEvictor([this](size_t wanted) {
    const size_t before = memory_.used();
    blocks_.evict(wanted);
    const size_t freed = before - std::min(before, memory_.used());
    if (freed < wanted) shuffles_.evict(wanted - freed, spill_);
  });
  reaper_thread_ = std::thread([this] { reap(); });
  pthread_setname_np(reaper_thread_.native_handle(), "cerium-reaper");
  if (options_.owns_process && options_.process_limit > 0 && heapCounters().allocated != nullptr) {
    memory_thread_ = std::thread([this] { watchMemory(); });
    pthread_setname_np(memory_thread_.native_handle(), "cerium-memory");
  }
  try {
    MutexLock lock(mutex_);
    for (int i = 0; i < options_.cores; ++i) startThread();
  } catch (...) {
    stop();
    throw;
  }
}

Executor::~Executor() { stop(); }

void Executor::startThread() {
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, kStackBytes);
  pthread_t thread;
  const int error = pthread_create(&thread, &attributes, &Executor::workEntry, this);
  pthread_attr_destroy(&attributes);
  if (error != 0) throw Error(std::string("cannot start a task thread: ") + std::strerror(error));
  const std::string name = "cerium-task-" + std::to_string(threads_started_++);
  pthread_setname_np(thread, name.substr(0, 15).c_str());
  threads_.push_back(thread);
  ++threads_at_work_;
}

void* Executor::workEntry(void* self) {
  // If the thread was given up, this may be the executor's last owner, so that the executor is destroyed after its last
  // use.
  const std::shared_ptr<Executor> owner = static_cast<Executor*>(self)->work();
  return nullptr;
}

void Executor::launch(std::vector<TaskLaunch> tasks) {
  const bool is_one = tasks.size() == 1;
  {
    MutexLock lock(mutex_);
    queue_.add(std::move(tasks));
  }
  if (is_one) {
    wake_.notifyOne();
  } else {
    wake_.notifyAll();
  }
}

void Executor::kill(TaskId id) {
  std::optional<TaskLaunch> queued;
  {
    MutexLock lock(mutex_);
    auto running = running_.find(id);
    if (running != running_.end()) {
      running->second.context->interrupt();
      reaper_.told(id, std::chrono::steady_clock::now());
      return told_.notifyOne();
    }
    queued = queue_.remove(id);
    if (!queued) return;
  }
  TaskReport report;
  report.id = id;
  report.stage = queued->stage;
  report.outcome = TaskReport::Outcome::kKilled;
  report.message = "killed before it started";
  link_->taskEnded(std::move(report));
}

void Executor::stop() {
  std::vector<pthread_t> threads;
  {
    MutexLock lock(mutex_);
    stopping_ = true;
    queue_.clear();
    for (auto& [id, task] : running_) {
      task.context->interrupt();
      reaper_.told(id, std::chrono::steady_clock::now());
    }
    wake_.notifyAll();
    told_.notifyOne();
    while (threads_at_work_ > 0) left_.wait(mutex_);
    threads = std::exchange(threads_, {});
    reaper_ends_ = true;
    told_.notifyOne();
    unwatched_.notifyOne();
  }
  if (reaper_thread_.joinable()) reaper_thread_.join();
  if (memory_thread_.joinable()) memory_thread_.join();
  for (pthread_t thread : threads) pthread_join(thread, nullptr);
}

/// Runs tasks until the end. Returns null, or, if this thread was given up, the pointer that kept the executor alive.
std::shared_ptr<Executor> Executor::work() {
  useSignalStack();
  MemoryShare share(memory_);
  ReadAhead read_ahead;
  int place;
  {
    MutexLock lock(mutex_);
    place = free_places_.back();
    free_places_.pop_back();
  }
  std::optional<TaskId> ended;
  for (;;) {
    std::optional<TaskQueue::Taken> next;
    std::shared_ptr<TaskContext> context;
    {
      MutexLock lock(mutex_);
      if (ended) forget(*ended);
      if (read_ahead.isOpen() && !stopping_ && queue_.empty()) {  // a thread that waits keeps no streams open
        lock.unlock();
        read_ahead.close();
        lock.lock();
      }
      next = waitForTask(place);
      if (!next) {
        --threads_at_work_;
        left_.notifyAll();
        return nullptr;
      }
      context = begin(next->task, place, share);
    }
    ended = next->task.id;
    read_ahead.taskBegins(next->task.stage->id, next->task.stage_attempt, options_.reads_ahead ? next->following : 0);
    if (run(next->task, *context, share)) continue;
    MutexLock lock(mutex_);
    return given_up_.extract(*ended).mapped();
  }
}

/// Nothing if the executor stops.
std::optional<TaskQueue::Taken> Executor::waitForTask(int place) {
  while (!stopping_ && queue_.empty()) wake_.wait(mutex_);
  if (stopping_) return std::nullopt;
  return queue_.take(place);
}

/// Called under the lock under which the task left the queue, so that kill() finds the task in the queue or here at any
/// moment. The context is shared, because threads that the task started may outlive it.
std::shared_ptr<TaskContext> Executor::begin(const TaskLaunch& launch, int place, const MemoryShare& share) {
  auto context = std::make_shared<TaskContext>(
      TaskContext::Identity{launch.stage->id, launch.stage_attempt, launch.partition, launch.stage->num_partitions,
                            launch.attempt, launch.id, launch.stage->body->node().lineageDepth(),
                            launch.stage->properties},
      *this);
  running_.emplace(launch.id, Running{context, pthread_self(), place, &share, heapCounters(), heapCounters().net()});
  return context;
}

void Executor::forget(TaskId task) {
  running_.erase(task);
  reaper_.ended(task);
}

/// Returns false if the task ended too late: its thread was given up and its end reported.
bool Executor::run(TaskLaunch& launch, TaskContext& context, MemoryShare& share) {
  const MemoryManager::Sharing sharing(share);
  for (auto& [rdd, partition, bytes] : launch.data) context.setPartitionData(rdd, partition, std::move(bytes));
  const TaskContext::OwnThread own(context);
  const CurrentTask current(launch.id.value);
  TaskReport report = runTask(launch, context, shuffles_);
  link_->measureResult(report);
  if (!context.claimEnd()) return false;
  link_->taskEnded(std::move(report));
  shuffles_.evictCold(spill_);
  return true;
}

std::unique_ptr<SegmentSource> Executor::openShuffle(TaskContext& task, const ShuffleRange& range) {
  const ReadAhead::Sources sources{
      [&](const ShuffleRange& whole) { return link_->openRemoteShuffle(task, whole, shuffles_); },
      [&](const RemoteShuffle& open) { return link_->isCurrent(open); }};
  if (ReadAhead* read_ahead = ReadAhead::current()) {
    if (auto remote = read_ahead->open(task, range, sources)) return remote;
  } else if (auto remote = sources.open(range)) {  // on a thread that the task has started
    return std::make_unique<RemoteSegments>(task, std::move(remote), range);
  }
  return std::make_unique<LocalSegments>(task, shuffles_, options_.id, range);
}

std::optional<CachedBlock> Executor::findCached(RddId rdd, int partition) {
  if (auto here = blocks_.find(rdd, partition)) return here;
  auto fetched = link_->fetchCached(rdd, partition);
  if (fetched) fetched->is_elsewhere = true;
  return fetched;
}

bool Executor::cacheBlock(RddId rdd, int partition, StorageLevel level, CachedBlock block) {
  const TaskContext* task = TaskContext::get();
  if (task != nullptr && task->isInterrupted()) return false;
  const bool is_kept = blocks_.put(rdd, partition, level, std::move(block));
  // A task that was told to stop may have computed the block from input that is no longer valid. The driver stops tasks
  // before it drops an RDD, so a block that is stored after the drop sees the stop.
  if (!is_kept || task == nullptr || !task->isInterrupted()) return is_kept;
  blocks_.drop(rdd, partition);
  return false;
}

/// Marks the shuffles that `node` was computed from. Those below another persisted RDD are marked when that is cached:
/// an iterating program may have a thousand persisted RDDs in one stage, and each partition of each comes here.
void Executor::computedForCache(const RddNode& node) {
  std::vector<const RddNode*> todo{&node};
  std::set<const RddNode*> seen{&node};
  while (!todo.empty()) {
    const RddNode* at = todo.back();
    todo.pop_back();
    for (const Dependency& from : at->dependencies()) {
      if (from.shuffle) {
        shuffles_.markReadOnce(from.shuffle->id());
        continue;
      }
      const RddNode* parent = from.narrow->effective();
      if (parent->storageLevel() == StorageLevel::NONE && seen.insert(parent).second) todo.push_back(parent);
    }
  }
}

std::vector<std::string> Executor::barrier(TaskContext& task, const std::string& message) {
  return link_->barrier(task, message);
}

}  // namespace cerium
