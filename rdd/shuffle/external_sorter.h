// Cerium. Licensed under the Apache License 2.0.
// Sorts the pairs of one partition, in memory or, if the budget does not suffice, as runs on disk that are merged.
#pragma once

#include <algorithm>
#include <vector>

#include "rdd/shuffle/external_sort.h"
#include "rdd/shuffle/merge_heap.h"
#include "rdd/shuffle/radix_sort.h"
#include "rdd/typed_node.h"

namespace cerium {

/// Merges sorted runs, smallest record first; equal records come in the order of the runs.
template <class R, class Less>
class MergeStream final : public Stream<R> {
 public:
  explicit MergeStream(Less less) : less_(less), heap_(Before{this}) {}

  /// Adds a run. Add all runs before the first next().
  void add(StreamPtr<R> run) { cursors_.push_back({std::move(run), {}, 0}); }

  Batch<R> next() override {
    if (!started_) start();
    batch_.clear();
    while (!heap_.empty() && batch_.size() < kBatchRecords<R>) {
      Cursor& cursor = cursors_[heap_.first()];
      batch_.emplace_back(cursor.take());
      if (cursor.at == cursor.batch.size && !cursor.advance()) {
        heap_.ended();
      } else {
        heap_.moved();
      }
    }
    return {batch_.data(), batch_.size(), true};
  }

 private:
  struct Cursor {
    StreamPtr<R> run;
    Batch<R> batch;
    size_t at;

    bool advance() {
      batch = run->next();
      at = 0;
      return batch.size > 0;
    }
    [[nodiscard]] const R& front() const { return batch.data[at]; }
    R take() {
      R& record = batch.data[at++];
      if (batch.owned) return std::move(record);
      return record;
    }
  };
  struct Before {
    MergeStream* merge;
    bool operator()(size_t a, size_t b) const {
      return merge->less_(merge->cursors_[a].front(), merge->cursors_[b].front());
    }
  };

  void start() {
    started_ = true;
    std::vector<size_t> filled;
    for (size_t i = 0; i < cursors_.size(); ++i) {
      if (cursors_[i].advance()) filled.push_back(i);
    }
    heap_.start(std::move(filled));
  }

  Less less_;
  std::vector<Cursor> cursors_;
  MergeHeap<Before> heap_;
  RecordBuffer<R> batch_;
  bool started_ = false;
};

/// Reads a sorted run on disk, each piece once.
template <class R>
class RunStream final : public Stream<R> {
 public:
  RunStream(TaskContext& task, SpilledPieces run) : task_(task), run_(std::move(run)) {}
  Batch<R> next() override {
    batch_.clear();
    if (at_ == run_.size()) return {};
    const Bytes bytes = run_.take(task_, at_++);
    Reader in(bytes);
    auto left = in.get<uint64_t>();
    decodeRecords(in, left, left, batch_);
    return {batch_.data(), batch_.size(), true};
  }

 private:
  TaskContext& task_;
  SpilledPieces run_;
  size_t at_ = 0;
  RecordBuffer<R> batch_;
};

/// Sorts pairs by key, stably: pairs with equal keys keep their order. Holds as many pairs as the budget allows, in
/// chunks that never move (twice the memory while it sorts); see ExternalSort. Threads: externally synchronised.
template <class K, class V>
class ExternalSorter final : private SortBuffer {
  using R = std::pair<K, V>;
  struct ByKey {
    KeyOrder order;
    bool operator()(const R& a, const R& b) const { return order(a.first, b.first); }
  };
  using Merge = MergeStream<R, ByKey>;

 public:
  ExternalSorter(TaskContext& task, KeyOrder order) : task_(task), order_(order), sort_(task, *this) {}
  ExternalSorter(const ExternalSorter&) = delete;
  ExternalSorter& operator=(const ExternalSorter&) = delete;

  void addAll(StreamPtr<R> input) {
    for (bool more = true; more;) {
      if (chunks_.empty() || chunks_.back().size() >= kChunk) chunks_.emplace_back();
      const size_t before = chunks_.back().size();
      more = input->appendNext(chunks_.back());
      task_.checkInterrupted();
      count(before);
      sort_.added();
    }
  }

  /// The sorted pairs. Call once, last.
  StreamPtr<R> finish() {
    auto last = makeStream<OwnedStream<R>>(sortedRecords());
    auto runs = sort_.finish();
    if (runs.empty()) return last;
    auto* merge = mergeOf(std::move(runs));
    StreamPtr<R> merged(merge);
    merge->add(std::move(last));
    return merged;
  }

 private:
  static constexpr size_t kChunk = std::max<size_t>(1, (size_t{1} << 20) / sizeof(R));

  void count(size_t from) {
    const RecordBuffer<R>& chunk = chunks_.back();
    records_ += chunk.size() - from;
    if constexpr (!kBitwise<R>) {
      for (size_t i = from; i < chunk.size(); ++i) heap_bytes_ += serde::heapBytes(chunk[i]);
    }
  }
  // sorting takes the same amount again
  [[nodiscard]] size_t bytes() const override { return 2 * records_ * sizeof(R) + heap_bytes_; }

  RecordBuffer<R> sortedRecords() {
    RecordBuffer<R> all;
    if (chunks_.size() == 1) {
      all = std::move(chunks_.front());
    } else {
      all.reserve(records_);
      for (RecordBuffer<R>& chunk : chunks_) {
        for (R& record : chunk) all.emplace_back(std::move(record));
        chunk = RecordBuffer<R>();
      }
    }
    chunks_.clear();
    records_ = heap_bytes_ = 0;
    sortPairs(all, order_, &task_);
    return all;
  }

  void writeRun(SpilledPieces& run) override {
    const RecordBuffer<R> records = sortedRecords();
    write(records.data(), records.size(), run);
  }
  void mergeRuns(std::vector<SpilledPieces> runs, SpilledPieces& into) override {
    StreamPtr<R> merged(mergeOf(std::move(runs)));
    for (auto batch = merged->next(); batch.size > 0; batch = merged->next()) write(batch.data, batch.size, into);
  }
  void write(const R* records, size_t count, SpilledPieces& run) {
    Bytes piece;
    for (size_t at = 0; at < count; at += kBatchRecords<R>) {
      Writer out(piece);
      encodeRecords(out, records + at, std::min(kBatchRecords<R>, count - at));
      run.add(task_, piece);
    }
  }
  Merge* mergeOf(std::vector<SpilledPieces> runs) {
    auto* merge = new Merge(ByKey{order_});
    for (SpilledPieces& run : runs) merge->add(makeStream<RunStream<R>>(task_, std::move(run)));
    return merge;
  }

  TaskContext& task_;
  const KeyOrder order_;
  std::vector<RecordBuffer<R>> chunks_;
  size_t records_ = 0;
  size_t heap_bytes_ = 0;
  ExternalSort sort_;
};

/// The pairs of `input`, sorted by key, stably. Their memory is charged until the last pair has been read.
template <class K, class V>
class SortedStream final : public Stream<std::pair<K, V>> {
 public:
  SortedStream(TaskContext& task, StreamPtr<std::pair<K, V>> input, KeyOrder order) : sorter_(task, order) {
    sorter_.addAll(std::move(input));
    sorted_ = sorter_.finish();
  }
  Batch<std::pair<K, V>> next() override { return sorted_->next(); }

 private:
  ExternalSorter<K, V> sorter_;
  StreamPtr<std::pair<K, V>> sorted_;
};

}  // namespace cerium
