// Cerium. Licensed under the Apache License 2.0.
// One bucket of what an operator put on disk, read back run after run: in the order in which it was written.
#pragma once

#include "rdd/shuffle/spilled_buckets.h"
#include "rdd/stream.h"

namespace cerium {

/// `spilled` must outlive the stream.
template <class R>
class BucketStream final : public Stream<R> {
 public:
  BucketStream(const SpilledBuckets& spilled, int bucket) : spilled_(spilled), bucket_(bucket) {}

  Batch<R> next() override {
    batch_.clear();
    while (batch_.empty() && run_ < spilled_.runs()) {
      const Bytes bytes = spilled_.read(run_++, bucket_);
      Reader in(bytes);
      auto left = in.get<uint64_t>();
      decodeRecords(in, left, left, batch_);
    }
    return {batch_.data(), batch_.size(), true};
  }

 private:
  const SpilledBuckets& spilled_;
  const int bucket_;
  size_t run_ = 0;
  RecordBuffer<R> batch_;
};

}  // namespace cerium
