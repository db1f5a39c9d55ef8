// Cerium. Licensed under the Apache License 2.0.
// Inner join of two keyed parents: the right side in a table, the left side streamed past it. Where the right side does
// not fit into memory, both go to disk in buckets by hash, and each bucket is joined by itself (Grace hash join:
// Kitsuregawa, Tanaka, Moto-oka, "Application of Hash to Data Base Machine and Its Architecture", 1983).
#pragma once

#include "rdd/ops/shuffled.h"
#include "rdd/shuffle/bucket_stream.h"

namespace cerium::ops {

/// Build with the right side first, then probe with the left one, then read.
template <class K, class V, class W>
class JoinStream final : public Stream<std::pair<K, std::pair<V, W>>> {
  using Left = std::pair<K, V>;
  using Right = std::pair<K, W>;
  using R = std::pair<K, std::pair<V, W>>;

 public:
  JoinStream(TaskContext& task, uint64_t seed, int level = 0)
      : task_(task), seed_(seed), level_(level), reserved_(task.services().memory()), table_(mixed(seed, level)) {}

  void build(StreamPtr<Right> right) {
    for (;;) {
      auto batch = right->next();
      if (batch.size == 0) return;
      task_.checkInterrupted();
      for (size_t i = 0; i < batch.size; ++i) add(batch, i);
      const size_t bytes = table_.tableBytes() + rows_.size() * sizeof(Row) + heap_bytes_;
      if (rows_.size() < kNoRow / 2 && reserved_.tryResize(bytes)) continue;
      if (rows_.size() > kFewRows && level_ < kLevels) return spillRight(std::move(right));
      reserved_.resizeAnyway(bytes);  // a few rows, or one key that no bucket makes smaller
    }
  }
  void probeWith(StreamPtr<Left> left) {
    if (right_on_disk_.runs() > 0) {
      toDisk(std::move(left), left_on_disk_);
    } else {
      left_ = std::move(left);
    }
  }

  Batch<R> next() override {
    if (right_on_disk_.runs() > 0) return nextOfBuckets();
    batch_.clear();
    while (batch_.empty()) {
      auto batch = left_->next();
      if (batch.size == 0) return {};
      task_.checkInterrupted();
      for (size_t i = 0; i < batch.size; ++i) {
        if (i + kAhead < batch.size) table_.prefetch(Table::hashOf(batch.data[i + kAhead].first));
        match(batch.data[i], batch.owned);
      }
    }
    return {batch_.data(), batch_.size(), true};
  }

 private:
  static constexpr size_t kAhead = 16;
  static constexpr size_t kFewRows = 4096;
  static constexpr size_t kRunBytes = size_t{4} << 20;
  static constexpr int kLevels = 6;
  static constexpr uint32_t kNoRow = ~uint32_t{0};
  struct Row {
    W value;
    uint32_t next;
  };
  struct Rows {  ///< The rows of one key, as a list, so that a key costs no allocation.
    uint32_t first;
    uint32_t last;
  };
  using Table = CombineTable<K, Rows>;

  static uint64_t mixed(uint64_t seed, int level) { return keys::combine(seed, static_cast<uint64_t>(level)); }

  void add(Batch<Right> batch, size_t i) {
    auto& record = batch.data[i];
    if constexpr (!kBitwise<W>) heap_bytes_ += serde::heapBytes(record.second);
    const auto row = static_cast<uint32_t>(rows_.size());
    rows_.emplace_back(Row{batch.owned ? W(std::move(record.second)) : W(record.second), kNoRow});
    table_.upsert(
        static_cast<const K&>(record.first), Table::hashOf(record.first),
        [&] {
          return Rows{row, row};
        },
        [&](Rows& known) {
          rows_[known.last].next = row;
          known.last = row;
        });
  }

  void match(Left& record, bool owned) {
    const Rows* rows = table_.find(record.first, Table::hashOf(record.first));
    if (rows == nullptr) return;
    for (uint32_t at = rows->first; at != kNoRow; at = rows_[at].next) {
      const W& value = rows_[at].value;
      if (owned && rows_[at].next == kNoRow) {
        batch_.emplace_back(std::move(record.first), std::pair<V, W>(std::move(record.second), value));
      } else {
        batch_.emplace_back(record.first, std::pair<V, W>(record.second, value));
      }
    }
  }

  // ---- on disk

  template <class X>
  void encodeTo(SpilledBuckets::Run& run, const K& key, const X& value) {
    Writer out(run.next(SpilledBuckets::bucketOf(Table::hashOf(key), level_)));
    encodeValue(out, std::pair<K, X>(key, value));
  }

  void spillRight(StreamPtr<Right> rest) {
    SpilledBuckets::Run run;
    table_.forEach([&](typename Table::Entry& entry) {
      for (uint32_t at = entry.value.first; at != kNoRow; at = rows_[at].next)
        encodeTo(run, entry.key, rows_[at].value);
    });
    right_on_disk_.add(task_, std::move(run));
    table_.clear();
    rows_ = RecordBuffer<Row>();
    heap_bytes_ = 0;
    reserved_.resizeAnyway(table_.tableBytes());
    toDisk(std::move(rest), right_on_disk_);
  }

  template <class X>
  void toDisk(StreamPtr<std::pair<K, X>> stream, SpilledBuckets& spilled) {
    for (bool more = true; more;) {
      SpilledBuckets::Run run;
      while (more && run.bytes() < kRunBytes) {
        auto batch = stream->next();
        task_.checkInterrupted();
        for (size_t i = 0; i < batch.size; ++i) encodeTo(run, batch.data[i].first, batch.data[i].second);
        more = batch.size > 0;
      }
      spilled.add(task_, std::move(run));
    }
  }

  Batch<R> nextOfBuckets() {
    for (;; ++bucket_) {
      if (bucket_ == SpilledBuckets::kBuckets) return {};
      if (!of_bucket_) {
        auto* join = new JoinStream(task_, seed_, level_ + 1);
        of_bucket_ = StreamPtr<R>(join);
        join->build(makeStream<BucketStream<Right>>(right_on_disk_, bucket_));
        join->probeWith(makeStream<BucketStream<Left>>(left_on_disk_, bucket_));
      }
      if (auto batch = of_bucket_->next(); batch.size > 0) return batch;
      of_bucket_.reset();
    }
  }

  TaskContext& task_;
  const uint64_t seed_;
  const int level_;
  Reservation reserved_;
  Table table_;
  RecordBuffer<Row> rows_;
  size_t heap_bytes_ = 0;
  StreamPtr<Left> left_;
  RecordBuffer<R> batch_;
  SpilledBuckets right_on_disk_;
  SpilledBuckets left_on_disk_;
  int bucket_ = 0;
  StreamPtr<R> of_bucket_;
};

template <class K, class V, class W>
struct Join {
  using R = std::pair<K, std::pair<V, W>>;

  StreamPtr<R> compute(TaskContext& task, const RddNode& node, int p) const {
    auto* join = new JoinStream<K, V, W>(task, reduceSideSeed(node));
    StreamPtr<R> owner(join);
    join->build(openPairs<std::pair<K, W>>(task, node, 1, p));
    join->probeWith(openPairs<std::pair<K, V>>(task, node, 0, p));
    return owner;
  }
  void encode(Writer&) const {}
  static Join decode(Reader&) { return {}; }
  void visit(const ClosureVisitor&) const {}
};

}  // namespace cerium::ops
