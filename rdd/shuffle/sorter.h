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
  MergeStream(std::vector<StreamPtr<R>> runs, Less less) : less_(less) {
    for (auto& run : runs) {
      Cursor cursor{std::move(run), {}, 0};
      if (cursor.advance()) cursors_.push_back(std::move(cursor));
    }
    for (size_t i = 0; i < cursors_.size(); ++i) heap_.push_back(i);
    std::make_heap(heap_.begin(), heap_.end(), after());
  }

  Batch<R> next() override {
    batch_.clear();
    while (!heap_.empty() && batch_.size() < kBatchRecords<R>) {
      std::pop_heap(heap_.begin(), heap_.end(), after());
      Cursor& cursor = cursors_[heap_.back()];
      batch_.emplace_back(cursor.take());
      if (cursor.at < cursor.batch.size || cursor.advance()) {
        std::push_heap(heap_.begin(), heap_.end(), after());
      } else {
        heap_.pop_back();
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

  auto after() {
    return [this](size_t a, size_t b) {
      const R& x = cursors_[a].front();
      const R& y = cursors_[b].front();
      if (less_(y, x)) return true;
      return !less_(x, y) && b < a;
    };
  }

  Less less_;
  std::vector<Cursor> cursors_;
  std::vector<size_t> heap_;
  RecordBuffer<R> batch_;
};

/// Sorts by key, stably: pairs of equal keys keep the order of the input.
template <class K, class V>
StreamPtr<std::pair<K, V>> sortStream(TaskContext& task, StreamPtr<std::pair<K, V>> input, KeyOrder order) {
  using R = std::pair<K, V>;
  auto by_key = [order](const R& a, const R& b) { return order(a.first, b.first); };
  Reservation reserved(task.services().memory());
  RecordBuffer<R> records;
  std::vector<StreamPtr<R>> runs;
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
    runs.push_back(makeStream<RunStream>(std::move(pieces)));
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
  if (runs.empty()) return makeStream<OwnedStream<R>>(std::move(records));
  runs.push_back(makeStream<OwnedStream<R>>(std::move(records)));
  return makeStream<MergeStream<R, decltype(by_key)>>(std::move(runs), by_key);
}

}  // namespace cerium
