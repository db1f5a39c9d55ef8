// Cerium. Licensed under the Apache License 2.0.
#include "rdd/shuffle/spilled_buckets.h"

#include "rdd/task_context.h"

namespace cerium {

SpilledBuckets::SpilledBuckets(TaskContext& task) : task_(task), reserved_(task.services().memory()) {}
SpilledBuckets::~SpilledBuckets() = default;

void SpilledBuckets::flush() {
  if (pending_bytes_ == 0) return;
  reserved_.resizeAnyway(kRunBytes);
  std::array<SpilledPtr, kBuckets> spilled;
  for (size_t b = 0; b < kBuckets; ++b) {
    if (pending_[b].size() == 0) continue;
    task_.checkInterrupted();
    spilled[b] = spill(task_.services().spillSpace(), pending_[b].view());
    task_.metrics().spilled_bytes += static_cast<int64_t>(pending_[b].size());
    if (pending_[b].size() > kRunBytes) {
      pending_[b] = Bytes();  // one huge record; the next ones need no such room
    } else {
      pending_[b].clear();
    }
  }
  pending_bytes_ = 0;
  runs_.push_back(std::move(spilled));
}

Bytes SpilledBuckets::read(size_t run, int bucket) const {
  task_.checkInterrupted();
  const SpilledPtr& spilled = runs_[run][static_cast<size_t>(bucket)];
  return spilled ? spilled->read() : Bytes();
}

}  // namespace cerium
