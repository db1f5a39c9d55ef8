// Cerium. Licensed under the Apache License 2.0.
#include "rdd/task_context.h"

#include "rdd/accumulator_registry.h"

namespace cerium {
namespace {
thread_local TaskContext* t_current = nullptr;
}

MapOutput::MapOutput(int num_partitions)
    : partitions(static_cast<size_t>(num_partitions)), bytes(static_cast<size_t>(num_partitions)) {}

void MapOutput::add(size_t p, ShuffleSegment segment, size_t num_records, size_t encoded_bytes) {
  partitions[p].push_back(std::move(segment));
  records += static_cast<int64_t>(num_records);
  bytes[p] += static_cast<int64_t>(encoded_bytes);
}

TaskContext::TaskContext(Identity identity, TaskServices& services)
    : identity_(std::move(identity)), services_(services), outer_(t_current) {
  t_current = this;
}

TaskContext::~TaskContext() { t_current = outer_; }

TaskContext* TaskContext::get() { return t_current; }

std::string TaskContext::getLocalProperty(const std::string& key) const {
  auto found = identity_.properties.find(key);
  return found == identity_.properties.end() ? std::string() : found->second;
}

void TaskContext::addTaskCompletionListener(std::function<void(TaskContext&)> listener) {
  listeners_.push_back(std::move(listener));
}

void TaskContext::throwKilled() { throw TaskKilled("task was told to stop"); }

void TaskContext::complete() {
  while (!listeners_.empty()) {
    auto listener = std::move(listeners_.back());
    listeners_.pop_back();
    listener(*this);
  }
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
  for (int64_t bytes : output.bytes) metrics_.shuffle_bytes_written += bytes;
  metrics_.shuffle_records_written += output.records;
}

AccumulatorCell& TaskContext::newCell(AccumulatorId id) {
  cells_.emplace_back(id, AccumulatorRegistry::instance().newCell(id));
  return *cells_.back().second;
}

BarrierTaskContext BarrierTaskContext::get() {
  TaskContext* task = TaskContext::get();
  if (task == nullptr) throw InvalidArgument("BarrierTaskContext::get: no task runs on this thread");
  return BarrierTaskContext(*task);
}

std::vector<std::string> BarrierTaskContext::allGather(const std::string& message) {
  return task_.services().barrier(task_, message);
}

Error barrierTimeout(int64_t limit_ms) {
  return Error("barrier: the other tasks of the stage did not come within " + std::to_string(limit_ms) +
               " ms; only tasks of rdd.barrier().mapPartitions all run at once, and each has to call it as often "
               "(cerium.barrier.timeout is the limit)");
}

}  // namespace cerium
