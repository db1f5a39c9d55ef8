// Cerium. Licensed under the Apache License 2.0.
#include "rdd/shuffle/spilled_buckets.h"

#include "rdd/task_context.h"

namespace cerium {

SpilledBuckets::SpilledBuckets(TaskContext& task) : task_(task), reserved_(task.services().memory()) {}
SpilledBuckets::~SpilledBuckets() = default;

Writer SpilledBuckets::beginRecord(int bucket) {
  open_ = static_cast<size_t>(bucket);
  open_begin_ = pending_[open_].size();
  return Writer(pending_[open_]);
}

void SpilledBuckets::endRecord() {
  pending_bytes_ += pending_[open_].size() - open_begin_;
  if (pending_bytes_ >= kRunBytes) flush();
}

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
      pending_[b] = Bytes();  // after one huge record; the next ones do not need this memory
    } else {
      pending_[b].clear();
    }
  }
  pending_bytes_ = 0;
  runs_.push_back(std::move(spilled));
}

bool SpilledBuckets::Records::next() {
  while (in_.atEnd()) {
    if (run_ == spilled_.runs_.size()) return false;
    spilled_.task_.checkInterrupted();
    const SpilledPtr& spilled = spilled_.runs_[run_++][bucket_];
    if (!spilled) continue;
    bytes_ = spilled->read();
    in_ = Reader(bytes_);
  }
  return true;
}

}  // namespace cerium
