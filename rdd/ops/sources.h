// Cerium. Licensed under the Apache License 2.0.
// RDDs of the program's own data: a collection cut into slices, a range of numbers, no records.
#pragma once

#include "rdd/ops/fill_stream.h"

namespace cerium::ops {

/// The begin of slice `p` of `n`, as Spark cuts: sizes differ by at most one.
inline size_t sliceBegin(size_t size, int n, int p) {
  return static_cast<size_t>(static_cast<unsigned __int128>(size) * static_cast<unsigned>(p) /
                             static_cast<unsigned>(n));
}

/// The driver holds the whole collection; an executor gets the slice of its task.
template <class T>
struct Parallelize {
  const T* records = nullptr;  ///< Null in executors.
  size_t size = 0;
  std::shared_ptr<const void> keep;  ///< Owns the records.
  int partitions = 0;

  StreamPtr<T> compute(TaskContext& task, const RddNode& node, int p) const {
    if (keep) {
      const size_t begin = sliceBegin(size, partitions, p);
      return makeStream<SharedStream<T>>(records + begin, sliceBegin(size, partitions, p + 1) - begin, keep);
    }
    return makeStream<DecodeStream<T>>(task.partitionData(node.id(), p).view(), nullptr);
  }
  void encodePartition(int p, Writer& out) const {
    const size_t begin = sliceBegin(size, partitions, p);
    encodeRecords(out, records + begin, sliceBegin(size, partitions, p + 1) - begin);
  }
  void encode(Writer&) const {}
  static Parallelize decode(Reader&) { return {}; }
  void visit(const ClosureVisitor&) const {}
};

/// `count` numbers: start, start + step, ... They are not held in memory.
struct Range {
  int64_t start = 0;
  int64_t step = 1;
  uint64_t count = 0;
  int partitions = 1;

  StreamPtr<int64_t> compute(TaskContext& task, const RddNode& node, int p) const;
  void encode(Writer& out) const { out.put(*this); }
  static Range decode(Reader& in) { return in.get<Range>(); }
  void visit(const ClosureVisitor&) const {}
};

}  // namespace cerium::ops

namespace cerium {
extern template class Node<int64_t>;
extern template class OpNode<int64_t, ops::Range>;
}  // namespace cerium
