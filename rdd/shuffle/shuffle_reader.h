// Cerium. Licensed under the Apache License 2.0.
// The reduce side of a shuffle: the records of a range of it, reduce partition by reduce partition, each in map order.
#pragma once

#include "rdd/typed_node.h"

namespace cerium {

/// Reads typed blocks of this process by reference and decodes others batch by batch.
template <class R>
class ShuffleStream final : public Stream<R> {
 public:
  ShuffleStream(TaskContext& task, const ShuffleRange& range)
      : task_(task), source_(task.services().openShuffle(task, range)) {}

  Batch<R> next() override {
    for (;;) {
      if (segment_) {
        Batch<R> batch = segment_->next();
        if (batch.size > 0) {
          task_.metrics().shuffle_records_read += static_cast<int64_t>(batch.size);
          return batch;
        }
        segment_.reset();
      }
      auto fetched = source_->next();
      if (!fetched) return {};
      segment_ = fetched->encoded ? makeStream<DecodeStream<R>>(fetched->encoded->view(), fetched->encoded)
                                  : openTyped<R>(fetched->block);
    }
  }

 private:
  TaskContext& task_;
  std::unique_ptr<SegmentSource> source_;
  StreamPtr<R> segment_;
};

}  // namespace cerium
