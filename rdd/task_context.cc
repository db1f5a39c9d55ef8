// Cerium. Licensed under the Apache License 2.0.
#include "rdd/task_context.h"

#include <utility>

#include "rdd/accumulator_registry.h"

namespace cerium {

MapOutput::MapOutput(int num_partitions)
    : partitions(static_cast<size_t>(num_partitions)), sizes(static_cast<size_t>(num_partitions)) {}

void MapOutput::add(size_t p, ShuffleSegment segment, PartSize size) {
  partitions[p].push_back(std::move(segment));
  sizes[p] += size;
}

size_t CachedBlock::memory() const {
  size_t bytes = block.records ? block.memory() : 0;
  for (const CachedPiece& piece : pieces) bytes += piece.spilled ? 0 : piece.encoded.bytes->size();
  return bytes;
}

size_t CachedBlock::disk() const {
  size_t bytes = 0;
  for (const CachedPiece& piece : pieces) bytes += piece.spilled ? piece.spilled->size() : 0;
  return bytes;
}

CachedBlock CachedBlock::inPieces(const std::shared_ptr<SpillSpace>& disk, const TaskContext* task) const {
  CachedBlock cut;
  const auto add = [&](CheckedBytes bytes) {
    cut.pieces.push_back(disk ? CachedPiece{{}, spill(disk, bytes)} : CachedPiece{std::move(bytes), nullptr});
  };
  const size_t records = block.records ? block.count() : 0;
  for (size_t at = 0; at < records;) {
    if (task != nullptr) task->checkInterrupted();
    Bytes bytes;
    Writer out(bytes);
    at += block.ops->encode_piece(block.records.get(), at, out);
    add(CheckedBytes::of(std::move(bytes)));
  }
  for (const CachedPiece& piece : pieces) {
    if (piece.spilled) {
      cut.pieces.push_back(piece);
    } else {
      add(piece.encoded);
    }
  }
  return cut;
}

TaskContext::TaskContext(Identity identity, TaskServices& services)
    : identity_(std::move(identity)), services_(services), context_(services.context()) {}

TaskContext::~TaskContext() = default;

std::string TaskContext::getLocalProperty(const std::string& key) const {
  auto found = identity_.properties.find(key);
  return found == identity_.properties.end() ? std::string() : found->second;
}

void TaskContext::addTaskCompletionListener(std::function<void(TaskContext&)> listener) {
  listeners_.push_back(std::move(listener));
}

void TaskContext::throwKilled() { throw TaskKilled("task was told to stop"); }

void TaskContext::fail(std::string why) {
  {
    MutexLock lock(why_mutex_);
    if (why_failed_.empty()) why_failed_ = std::move(why);
  }
  interrupt();
}

std::string TaskContext::whyFailed() const {
  MutexLock lock(why_mutex_);
  return why_failed_;
}

void TaskContext::complete() {
  std::exception_ptr first;
  while (!listeners_.empty()) {
    auto listener = std::move(listeners_.back());
    listeners_.pop_back();
    try {
      listener(*this);
    } catch (...) {
      if (first == nullptr) first = std::current_exception();
    }
  }
  if (first != nullptr) std::rethrow_exception(first);
}

void TaskContext::close() {
  Cells added;
  {
    MutexLock lock(started_.mutex);
    started_.ended = true;
    added = std::move(started_.cells);
    if (started_.thrown != nullptr) std::rethrow_exception(std::exchange(started_.thrown, nullptr));
  }
  for (const auto& [id, cell] : added) accumulator(id).mergeCell(*cell);
}

void TaskContext::addFromStartedThread(AccumulatorId id, const std::function<void(AccumulatorCell&)>& use) {
  MutexLock lock(started_.mutex);
  if (started_.ended) {
    throw InvalidArgument(AccumulatorRegistry::instance().describe(id) +
                          ": the task that started this thread has ended, so that nothing can be added to its part; "
                          "join the thread before the function returns");
  }
  for (auto& [known, cell] : started_.cells) {
    if (known == id) return use(*cell);
  }
  use(newCell(started_.cells, id));
}

bool TaskContext::startedThreadThrew(const std::exception_ptr& thrown) {
  MutexLock lock(started_.mutex);
  if (started_.ended) return false;
  if (started_.thrown == nullptr) started_.thrown = thrown;
  return true;
}

const Bytes& TaskContext::partitionData(RddId rdd, int p) const {
  for (const auto& [id, partition, bytes] : partition_data_) {
    if (id == rdd && partition == p) return bytes;
  }
  throw CorruptData("the task came without the data of RDD " + rdd.str() + ", partition " + std::to_string(p));
}

void TaskContext::setPartitionData(RddId rdd, int p, Bytes bytes) {
  partition_data_.emplace_back(rdd, p, std::move(bytes));
}

void TaskContext::countShuffled(const MapOutput& output) {
  for (const PartSize& size : output.sizes) {
    metrics_.shuffle_bytes_written += size.bytes;
    metrics_.shuffle_records_written += size.records;
  }
}

AccumulatorCell& TaskContext::newCell(Cells& cells, AccumulatorId id) const {
  cells.emplace_back(id, AccumulatorRegistry::instance().newCell(id, context_));
  return *cells.back().second;
}

namespace {
/// The most bytes that allGather() sends to each task in one message; a longer message would end the connection.
constexpr size_t kMostGathered = size_t{512} << 20;
}  // namespace

BarrierTaskContext BarrierTaskContext::get() {
  TaskContext* task = TaskContext::get();
  if (task == nullptr) throw InvalidArgument("BarrierTaskContext::get: no task runs on this thread");
  return BarrierTaskContext(*task);
}

std::vector<std::string> BarrierTaskContext::allGather(const std::string& message) {
  const size_t most = kMostGathered / static_cast<size_t>(numPartitions());
  if (message.size() > most)
    throw InvalidArgument("allGather: a message of " + std::to_string(message.size()) + " bytes, and each of the " +
                          std::to_string(numPartitions()) + " tasks is sent all messages, so that one may be " +
                          std::to_string(most) + "; pass what is large through a shuffle or a broadcast");
  return task_.services().barrier(task_, message);
}

Error barrierTimeout(int64_t limit_ms) {
  return Error("barrier: the other tasks of the stage did not come within " + std::to_string(limit_ms) +
               " ms; only tasks of rdd.barrier().mapPartitions all run at once, and each has to call it as often "
               "(cerium.barrier.timeout is the limit)");
}

}  // namespace cerium
