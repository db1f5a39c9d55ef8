// Cerium. Licensed under the Apache License 2.0.
#include "rdd/ops/sources.h"

namespace cerium {

namespace ops {

StreamPtr<int64_t> Range::compute(TaskContext&, const RddNode&, int p) const {
  const uint64_t first = sliceBegin(count, partitions, p);
  uint64_t left = sliceBegin(count, partitions, p + 1) - first;
  // Unsigned, because intermediate products may wrap although the numbers of a valid range fit.
  uint64_t at = static_cast<uint64_t>(start) + first * static_cast<uint64_t>(step);
  return fillStream<int64_t>([at, left, by = static_cast<uint64_t>(step)](RecordBuffer<int64_t>& out) mutable {
    const size_t n = left < kBatchRecords<int64_t> / 2 ? left : kBatchRecords<int64_t> / 2;
    int64_t* place = out.growUninitialized(n);
    for (size_t i = 0; i < n; ++i) place[i] = static_cast<int64_t>(at + i * by);
    at += n * by;
    left -= n;
    return left > 0;
  });
}

}  // namespace ops

template class Node<int64_t>;
template class OpNode<int64_t, ops::Range>;

}  // namespace cerium
