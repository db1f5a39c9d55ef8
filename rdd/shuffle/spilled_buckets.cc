// Cerium. Licensed under the Apache License 2.0.
#include "rdd/shuffle/spilled_buckets.h"

#include <cstring>

#include "rdd/task_context.h"

namespace cerium {

SpilledBuckets::Run::Run() {
  for (Bytes& each : bytes_) each.grow(sizeof(uint64_t));  // for the count
}

SpilledBuckets::Run::~Run() = default;
SpilledBuckets::Run::Run(Run&&) noexcept = default;
SpilledBuckets::SpilledBuckets() = default;
SpilledBuckets::~SpilledBuckets() = default;

Bytes& SpilledBuckets::Run::next(int bucket) {
  ++counts_[static_cast<size_t>(bucket)];
  return bytes_[static_cast<size_t>(bucket)];
}

size_t SpilledBuckets::Run::bytes() const {
  size_t total = 0;
  for (const Bytes& each : bytes_) total += each.size();
  return total;
}

void SpilledBuckets::add(TaskContext& task, Run run) {
  std::array<SpilledPtr, kBuckets> spilled;
  for (size_t b = 0; b < kBuckets; ++b) {
    std::memcpy(run.bytes_[b].data(), &run.counts_[b], sizeof run.counts_[b]);
    spilled[b] = spill(task.services().spillSpace(), run.bytes_[b].view());
    task.metrics().spilled_bytes += static_cast<int64_t>(run.bytes_[b].size());
  }
  runs_.push_back(std::move(spilled));
}

Bytes SpilledBuckets::read(size_t run, int bucket) const { return runs_[run][static_cast<size_t>(bucket)]->read(); }

}  // namespace cerium
