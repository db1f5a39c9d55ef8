// Cerium. Licensed under the Apache License 2.0.
// A chain of narrow operations as one node: what a Chain becomes where an RDD<T> is needed.
#pragma once

#include "rdd/ops/fill_stream.h"
#include "rdd/pipes.h"

namespace cerium::ops {

template <class S, class P, class T>
struct Chain {
  P pipe;

  StreamPtr<T> compute(TaskContext& task, const RddNode& node, int p) const {
    pipes::Input<S, P> input(task, typedParent<S>(node, 0).open(task, p), pipe);
    return fillStream<T>([input = std::move(input)](RecordBuffer<T>& out) mutable {
      return input.nextBatch([&out](auto&& record) { out.emplace_back(std::forward<decltype(record)>(record)); });
    });
  }
  void encode(Writer& out) const { pipe.encode(out); }
  static Chain decode(Reader& in) { return {P::decode(in)}; }
  void visit(const ClosureVisitor& visitor) const { pipe.visit(visitor); }
};

}  // namespace cerium::ops
