// Cerium. Licensed under the Apache License 2.0.
// Sorting one partition, in memory or, where the budget does not suffice, as runs on disk that are merged.
#pragma once

#include <algorithm>
#include <vector>

#include "rdd/shuffle/radix_sort.h"
#include "rdd/typed_node.h"

namespace cerium {

/// Reads encoded runs back and merges them, smallest record first; equal records in the order of the runs.
template <class R, class Less>
class MergeStream final : public Stream<R> {
 public:
  explicit MergeStream(Less less) : less_(less) {}

  /// All runs first, then next().
  void add(StreamPtr<R> run) { cursors_.push_back({std::move(run), {}, 0}); }

  Batch<R> next() override {
    if (!started_) start();
    batch_.clear();
    while (!heap_.empty() && batch_.size() < kBatchRecords<R>) {
      Cursor& cursor = cursors_[heap_.front()];
      batch_.emplace_back(cursor.take());
      if (cursor.at == cursor.batch.size && !cursor.advance()) {
        heap_.front() = heap_.back();
        heap_.pop_back();
      }
      siftDown(0);
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

  void start() {
    started_ = true;
    for (size_t i = 0; i < cursors_.size(); ++i) {
      if (cursors_[i].advance()) heap_.push_back(i);
    }
    for (size_t i = heap_.size() / 2; i-- > 0;) siftDown(i);
  }
  bool isBefore(size_t a, size_t b) {
    const R& x = cursors_[a].front();
    const R& y = cursors_[b].front();
    return less_(x, y) || (a < b && !less_(y, x));
  }
  /// Moves the run at `place` of the heap down to where it belongs.
  void siftDown(size_t place) {
    for (;;) {
      size_t first = place;
      for (size_t child = 2 * place + 1; child <= 2 * place + 2 && child < heap_.size(); ++child) {
        if (isBefore(heap_[child], heap_[first])) first = child;
      }
      if (first == place) return;
      const size_t moved = heap_[place];
      heap_[place] = heap_[first];
      heap_[first] = moved;
      place = first;
    }
  }

  Less less_;
  std::vector<Cursor> cursors_;
  std::vector<size_t> heap_;  ///< Runs, the first record's at the front.
  RecordBuffer<R> batch_;
  bool started_ = false;
};

/// Sorts by key, stably: pairs of equal keys keep the order of the input.
template <class K, class V>
StreamPtr<std::pair<K, V>> sortStream(TaskContext& task, StreamPtr<std::pair<K, V>> input, KeyOrder order) {
  using R = std::pair<K, V>;
  auto by_key = [order](const R& a, const R& b) { return order(a.first, b.first); };
  Reservation reserved(task.services().memory());
  RecordBuffer<R> records;
  using Merge = MergeStream<R, decltype(by_key)>;
  Merge* merge = nullptr;  // once there are runs on disk
  StreamPtr<R> merged;
  size_t heap_bytes = 0;
  size_t counted = 0;
  auto sort = [&] { sortPairs(records, order); };
  auto spill_run = [&] {
    sort();
    // In pieces, so that the merge holds one piece of each run, not the run.
    class RunStream final : public Stream<R> {
     public:
      explicit RunStream(std::vector<SpilledPtr> pieces) : pieces_(std::move(pieces)) {}
      Batch<R> next() override {
        batch_.clear();
        if (at_ == pieces_.size()) return {};
        Bytes bytes = pieces_[at_]->read();
        pieces_[at_++].reset();
        Reader in(bytes);
        auto left = in.get<uint64_t>();
        decodeRecords(in, left, left, batch_);
        return {batch_.data(), batch_.size(), true};
      }

     private:
      std::vector<SpilledPtr> pieces_;
      size_t at_ = 0;
      RecordBuffer<R> batch_;
    };
    std::vector<SpilledPtr> pieces;
    constexpr size_t kPiece = 4 * kBatchRecords<R>;
    for (size_t at = 0; at < records.size(); at += kPiece) {
      Bytes bytes;
      Writer out(bytes);
      encodeRecords(out, records.data() + at, std::min(kPiece, records.size() - at));
      pieces.push_back(spill(task.services().spillSpace(), bytes.view()));
      task.metrics().spilled_bytes += static_cast<int64_t>(bytes.size());
    }
    if (merge == nullptr) merged = StreamPtr<R>(merge = new Merge(by_key));
    merge->add(makeStream<RunStream>(std::move(pieces)));
    records = RecordBuffer<R>();
    heap_bytes = 0;
    counted = 0;
    reserved.resizeAnyway(0);
  };
  while (input->appendNext(records)) {
    task.checkInterrupted();
    if constexpr (!kBitwise<R>) {
      for (; counted < records.size(); ++counted) heap_bytes += serde::heapBytes(records[counted]);
    }
    const size_t wanted = 2 * records.size() * sizeof(R) + heap_bytes;  // sorting takes as much again
    if (reserved.tryResize(wanted)) continue;
    if (records.size() < kBatchRecords<R>) {
      reserved.resizeAnyway(wanted);
    } else {
      spill_run();
    }
  }
  sort();
  if (merge == nullptr) return makeStream<OwnedStream<R>>(std::move(records));
  merge->add(makeStream<OwnedStream<R>>(std::move(records)));
  return merged;
}

}  // namespace cerium
