// Cerium. Licensed under the Apache License 2.0.
// A chain of narrow operations as one node: a Chain becomes it when an RDD<T> is needed.
#pragma once

#include "base/util/heap_meter.h"
#include "rdd/narrow_functions.h"
#include "rdd/typed_node.h"

namespace cerium::ops {

/// The records that leave the pipe.
template <class S, class P, class T>
class ChainStream final : public Stream<T> {
 public:
  ChainStream(TaskContext& task, StreamPtr<S> source, const P& pipe) : input_(task, std::move(source), pipe) {}

  Batch<T> next() override {
    batch_.clear();
    while (batch_.empty() && appendNext(batch_)) {
    }
    return {batch_.data(), batch_.size(), true};
  }
  /// Appends at most a batch, even if the pipe makes many records of one, and little more heap than one record's
  /// results.
  bool appendNext(RecordBuffer<T>& out) override {
    const size_t most = out.size() + kBatchRecords<T>;
    const HeapMeter meter;
    return input_.fill([&out](auto&& record) { out.emplace_back(std::forward<decltype(record)>(record)); },
                       [&] { return out.size() >= most || (!kBitwise<T> && meter.grown(0) >= kBatchHeapBytes); });
  }

 private:
  narrow::Input<S, P> input_;
  RecordBuffer<T> batch_;
};

template <class S, class P, class T>
struct Chain {
  P pipe;

  StreamPtr<T> compute(TaskContext& task, const RddNode& node, int p) const {
    return makeStream<ChainStream<S, P, T>>(task, typedParent<S>(node, 0).open(task, p), pipe);
  }
  void encode(Writer& out) const { pipe.encode(out); }
  static Chain decode(Reader& in) { return {P::decode(in)}; }
  void visit(const ClosureVisitor& visitor) const { pipe.visit(visitor); }
};

}  // namespace cerium::ops
