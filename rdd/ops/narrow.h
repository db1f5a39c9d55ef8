// Cerium. Licensed under the Apache License 2.0.
// Narrow operations that are more than a function of one record: union, coalesce, zip, cartesian, sample, partitions.
#pragma once

#include <algorithm>
#include <limits>
#include <optional>

#include "rdd/narrow_functions.h"
#include "rdd/ops/fill_stream.h"
#include "rdd/ops/random.h"

namespace cerium::ops {

/// Partitions of all parents, one parent after the other.
template <class T>
struct Union {
  std::vector<int> begins;  ///< First partition of each parent.

  [[nodiscard]] size_t parentOf(int p) const {
    return static_cast<size_t>(std::upper_bound(begins.begin(), begins.end(), p) - begins.begin()) - 1;
  }
  StreamPtr<T> compute(TaskContext& task, const RddNode& node, int p) const {
    const size_t i = parentOf(p);
    return typedParent<T>(node, i).open(task, p - begins[i]);
  }
  void narrowParents(const RddNode& node, int p, std::vector<PartitionRef>& out) const {
    const size_t i = parentOf(p);
    out.push_back({node.dependencies()[i].narrow.get(), p - begins[i]});
  }
  void encode(Writer& out) const { encodeValue(out, begins); }
  static Union decode(Reader& in) { return {decodeValue<std::vector<int>>(in)}; }
  void visit(const ClosureVisitor&) const {}
};

/// Union of parents with the same partitioner: partition p holds partition p of each parent, so the partitioner is
/// kept.
template <class T>
struct UnionAlike {
  StreamPtr<T> compute(TaskContext& task, const RddNode& node, int p) const {
    return fillStream<T>([&task, &node, p, parent = size_t{0}, stream = StreamPtr<T>()](RecordBuffer<T>& out) mutable {
      if (!stream) stream = typedParent<T>(node, parent).open(task, p);
      if (stream->appendNext(out)) return true;
      stream.reset();
      return ++parent < node.dependencies().size();
    });
  }
  void encode(Writer&) const {}
  static UnionAlike decode(Reader&) { return {}; }
  void visit(const ClosureVisitor&) const {}
};

/// Fewer partitions without a shuffle: each reads a range of neighbouring parent partitions.
template <class T>
struct Coalesce {
  int parents = 0;
  int partitions = 1;

  [[nodiscard]] int begin(int p) const { return static_cast<int>(int64_t{parents} * p / partitions); }
  StreamPtr<T> compute(TaskContext& task, const RddNode& node, int p) const {
    return fillStream<T>(
        [&task, &node, at = begin(p), end = begin(p + 1), stream = StreamPtr<T>()](RecordBuffer<T>& out) mutable {
          if (at == end) return false;
          if (!stream) stream = typedParent<T>(node, 0).open(task, at);
          if (stream->appendNext(out)) return true;
          stream.reset();
          return ++at < end;
        });
  }
  void narrowParents(const RddNode& node, int p, std::vector<PartitionRef>& out) const {
    for (int at = begin(p); at < begin(p + 1); ++at) out.push_back({node.dependencies()[0].narrow.get(), at});
  }
  void encode(Writer& out) const { out.put(*this); }
  static Coalesce decode(Reader& in) { return in.get<Coalesce>(); }
  void visit(const ClosureVisitor&) const {}
};

/// A range of the parent's partitions, from `first` on.
template <class T>
struct Slice {
  int first = 0;

  StreamPtr<T> compute(TaskContext& task, const RddNode& node, int p) const {
    return typedParent<T>(node, 0).open(task, first + p);
  }
  void narrowParents(const RddNode& node, int p, std::vector<PartitionRef>& out) const {
    out.push_back({node.dependencies()[0].narrow.get(), first + p});
  }
  void encode(Writer& out) const { out.put(*this); }
  static Slice decode(Reader& in) { return in.get<Slice>(); }
  void visit(const ClosureVisitor&) const {}
};

/// Reads a stream record by record, for operations that advance two streams together.
template <class T>
class Cursor {
 public:
  explicit Cursor(StreamPtr<T> stream) : stream_(std::move(stream)) {}
  [[nodiscard]] bool atEnd() {
    if (at_ < batch_.size) return false;
    batch_ = stream_->next();
    at_ = 0;
    return batch_.size == 0;
  }
  T take() {
    T& record = batch_.data[at_++];
    if (batch_.owned) return std::move(record);
    return record;
  }
  /// Skips the remaining records and returns how many there were.
  int64_t drain() {
    int64_t n = 0;
    for (; !atEnd(); at_ = batch_.size) n += static_cast<int64_t>(batch_.size - at_);
    return n;
  }

 private:
  StreamPtr<T> stream_;
  Batch<T> batch_;
  size_t at_ = 0;
};

[[noreturn]] void throwUnequalZip(const RddNode& node, int partition, int64_t left, int64_t right);

template <class T, class U>
struct Zip {
  StreamPtr<std::pair<T, U>> compute(TaskContext& task, const RddNode& node, int p) const {
    return fillStream<std::pair<T, U>>([&node, p, left = Cursor<T>(typedParent<T>(node, 0).open(task, p)),
                                        right = Cursor<U>(typedParent<U>(node, 1).open(task, p)),
                                        done = int64_t{0}](auto& out) mutable {
      for (size_t n = kBatchRecords<std::pair<T, U>>; n > 0; --n) {
        const bool left_ends = left.atEnd();
        if (left_ends != right.atEnd()) throwUnequalZip(node, p, done + left.drain(), done + right.drain());
        if (left_ends) return false;
        T first = left.take();
        out.emplace_back(std::move(first), right.take());
        ++done;
      }
      return true;
    });
  }
  void encode(Writer&) const {}
  static Zip decode(Reader&) { return {}; }
  void visit(const ClosureVisitor&) const {}
};

/// Throws the error of a zipWithIndex whose partition has another number of records than when it was counted.
[[noreturn]] void throwCountedOtherwise(const RddNode& node, int partition, int64_t counted, int64_t found);

/// Records with their numbers: begins[p], begins[p] + step, ... With a step of 1 the numbers of partition p end where
/// the next partition's begin, so a changed number of records is an error: numbers would repeat or be missing.
template <class T>
struct Numbered {
  std::vector<int64_t> begins;
  int64_t step = 1;

  StreamPtr<std::pair<T, int64_t>> compute(TaskContext& task, const RddNode& node, int p) const {
    const auto index = static_cast<size_t>(p);
    const int64_t end = step == 1 && index + 1 < begins.size() ? begins[index + 1] : -1;
    return fillStream<std::pair<T, int64_t>>([&node, p, end, begin = begins[index],
                                              stream = typedParent<T>(node, 0).open(task, p), at = begins[index],
                                              by = step](auto& out) mutable {
      Batch<T> batch = stream->next();
      const int64_t next = at + static_cast<int64_t>(batch.size) * by;
      if (end >= 0 && (next > end || (batch.size == 0 && at != end)))
        throwCountedOtherwise(node, p, end - begin, next - begin);
      for (size_t i = 0; i < batch.size; ++i, at += by) {
        if (batch.owned) {
          out.emplace_back(std::move(batch.data[i]), at);
        } else {
          out.emplace_back(static_cast<const T&>(batch.data[i]), at);
        }
      }
      return batch.size > 0;
    });
  }
  void encode(Writer& out) const {
    encodeValue(out, begins);
    out.put(step);
  }
  static Numbered decode(Reader& in) {
    auto begins = decodeValue<std::vector<int64_t>>(in);
    return {std::move(begins), in.get<int64_t>()};
  }
  void visit(const ClosureVisitor&) const {}
};

/// Every pair of a left and a right record; partition p pairs left p / n with right p % n.
template <class T, class U>
struct Cartesian {
  int right_partitions = 1;

  StreamPtr<std::pair<T, U>> compute(TaskContext& task, const RddNode& node, int p) const {
    const auto& right_node = typedParent<U>(node, 1);
    const int right_p = p % right_partitions;
    return fillStream<std::pair<T, U>>([&task, &right_node, right_p,
                                        left = Cursor<T>(typedParent<T>(node, 0).open(task, p / right_partitions)),
                                        record = std::optional<T>(), right = StreamPtr<U>()](auto& out) mutable {
      if (!record) {
        if (left.atEnd()) return false;
        record.emplace(left.take());
        right = right_node.open(task, right_p);
      }
      Batch<U> batch = right->next();
      for (size_t i = 0; i < batch.size; ++i) out.emplace_back(*record, static_cast<const U&>(batch.data[i]));
      if (batch.size == 0) record.reset();
      return true;
    });
  }
  void narrowParents(const RddNode& node, int p, std::vector<PartitionRef>& out) const {
    out.push_back({node.dependencies()[0].narrow.get(), p / right_partitions});
    out.push_back({node.dependencies()[1].narrow.get(), p % right_partitions});
  }
  void encode(Writer& out) const { out.put(*this); }
  static Cartesian decode(Reader& in) { return in.get<Cartesian>(); }
  void visit(const ClosureVisitor&) const {}
};

/// Keeps each record with a probability (with replacement: that many times on average). The same for the same seed.
template <class T>
struct Sample {
  bool with_replacement = false;
  double low = 0;  ///< Without replacement: records whose draw is in [low, high) are kept.
  double high = 1;
  uint64_t seed = 0;

  StreamPtr<T> compute(TaskContext& task, const RddNode& node, int p) const {
    return fillStream<T>([stream = typedParent<T>(node, 0).open(task, p),
                          random = Random(seed, static_cast<uint64_t>(p)), draw = *this](RecordBuffer<T>& out) mutable {
      Batch<T> batch = stream->next();
      for (size_t i = 0; i < batch.size; ++i) {
        int copies;
        if (draw.with_replacement) {
          copies = random.poisson(draw.high);
        } else {
          const double x = random.uniform();
          copies = x >= draw.low && x < draw.high ? 1 : 0;
        }
        for (; copies > 0; --copies) out.emplace_back(static_cast<const T&>(batch.data[i]));
      }
      return batch.size > 0;
    });
  }
  void encode(Writer& out) const { out.put(*this); }
  static Sample decode(Reader& in) { return in.get<Sample>(); }
  void visit(const ClosureVisitor&) const {}
};

}  // namespace cerium::ops
