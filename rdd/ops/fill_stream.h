// Cerium. Licensed under the Apache License 2.0.
// A stream made from a function that appends records: a short way to write an operation's compute().
#pragma once

#include "rdd/typed_node.h"

namespace cerium {

/// `fill(RecordBuffer<T>&)` appends records, possibly none, and returns false at the end.
template <class T, class Fill>
class FillStream final : public Stream<T> {
 public:
  explicit FillStream(Fill fill) : fill_(std::move(fill)) {}

  Batch<T> next() override {
    batch_.clear();
    while (!done_ && batch_.empty()) done_ = !fill_(batch_);
    return {batch_.data(), batch_.size(), true};
  }
  bool appendNext(RecordBuffer<T>& out) override {
    if (done_) return false;
    done_ = !fill_(out);
    return true;
  }

 private:
  Fill fill_;
  RecordBuffer<T> batch_;
  bool done_ = false;
};

template <class T, class Fill>
StreamPtr<T> fillStream(Fill fill) {
  return makeStream<FillStream<T, Fill>>(std::move(fill));
}

}  // namespace cerium
