// Cerium. Licensed under the Apache License 2.0.
// Inner join of two keyed parents: the right side is in a table, and the left side is streamed past it. If the right
// side exceeds memory, both are on disk. In both cases pairs come in the order of the left side, and for one left
// record in the order of the right side.
#pragma once

#include "base/util/heap_meter.h"
#include "rdd/ops/shuffled.h"
#include "rdd/shuffle/grace_join.h"

namespace cerium::ops {

/// Add the right side, then the left side, then read. The size of an output batch is bounded, however many pairs one
/// key has.
template <class K, class V, class W>
class JoinStream final : public Stream<std::pair<K, std::pair<V, W>>> {
  using Left = std::pair<K, V>;
  using Right = std::pair<K, W>;
  using R = std::pair<K, std::pair<V, W>>;
  using Table = JoinTable<K, W>;
  using Grace = GraceJoin<K, V, W>;

 public:
  explicit JoinStream(TaskContext& task) : task_(task), table_(task.services().memory()), matches_(task) {}

  void build(StreamPtr<Right> right) {
    for (auto batch = right->next(); batch.size > 0; batch = right->next()) {
      for (size_t i = 0; i < batch.size; ++i) {
        task_.checkInterrupted();
        Right& record = batch.data[i];
        const uint64_t hash = Table::Table::hashOf(record.first);
        if (!on_disk_ && !table_.add(hash, record.first, record.second, batch.owned)) {
          on_disk_ = std::make_unique<Grace>(task_, groups_);
          on_disk_->addRight(table_);
        }
        if (on_disk_) on_disk_->addRight(hash, record.first, record.second);
      }
    }
  }

  void probeWith(StreamPtr<Left> left) {
    left_ = std::move(left);
    if (!on_disk_) return;
    uint64_t number = 0;
    for (left_batch_ = left_->next(); left_batch_.size > 0; left_batch_ = left_->next()) {
      for (size_t i = 0; i < left_batch_.size; ++i) {
        task_.checkInterrupted();
        const Left& record = left_batch_.data[i];
        on_disk_->addLeft(number++, Table::Table::hashOf(record.first), record.first, record.second);
      }
    }
    left_.reset();
    on_disk_->run(matches_);
    on_disk_.reset();
    from_disk_ = true;
  }

  Batch<R> next() override {
    batch_.clear();
    const HeapMeter meter;
    while (batch_.size() < kBatchRecords<R> && (kBitwise<R> || meter.grown(0) < kBatchHeapBytes)) {
      task_.checkInterrupted();
      if (!(from_disk_ ? takeFromDisk() : takeFromTable())) break;
    }
    return {batch_.data(), batch_.size(), true};
  }

 private:
  static constexpr size_t kAhead = 16;

  // ---- in memory

  bool takeFromTable() {
    if (row_ == Table::kNoRow && !findNextMatch()) return false;
    Left& left = left_batch_.data[at_];
    const auto row = std::exchange(row_, table_.next(row_));
    if (left_batch_.owned && row_ == Table::kNoRow) {
      batch_.emplace_back(std::move(left.first), std::pair<V, W>(std::move(left.second), table_.value(row)));
    } else {
      batch_.emplace_back(left.first, std::pair<V, W>(left.second, table_.value(row)));
    }
    if (row_ == Table::kNoRow) ++at_;
    return true;
  }

  /// Moves to the next left record whose key has rows.
  bool findNextMatch() {
    for (;; ++at_) {
      if (at_ == left_batch_.size) {
        task_.checkInterrupted();
        left_batch_ = left_->next();
        at_ = 0;
        if (left_batch_.size == 0) return false;
      }
      prefetch();
      const K& key = left_batch_.data[at_].first;
      const auto* rows = table_.find(key, Table::Table::hashOf(key));
      if (rows == nullptr) continue;
      row_ = rows->first;
      return true;
    }
  }

  void prefetch() {
    if constexpr (std::is_scalar_v<K>) {  // hashing other keys costs more than a prefetch saves
      if (at_ + kAhead < left_batch_.size)
        table_.table().prefetch(Table::Table::hashOf(left_batch_.data[at_ + kAhead].first));
    }
  }

  // ---- from disk

  bool takeFromDisk() {
    while (at_ == rows_.size()) {
      if (nextPiece()) continue;
      if (!matches_.next()) return false;
      openMatch(matches_.in());
    }
    const auto& [key, value] = matched_[0];
    batch_.emplace_back(key, std::pair<V, W>(value, std::move(rows_[at_++])));
    return true;
  }

  /// Reads the next left record that has right rows, and the rows or the place of their group.
  void openMatch(Reader& in) {
    matched_.clear();
    rows_.clear();
    at_ = piece_ = 0;
    K key = decodeValue<K>(in);
    matched_.emplace_back(std::move(key), decodeValue<V>(in));
    group_ = in.get<uint32_t>();
    for (auto here = in.get<uint32_t>(); here > 0; --here) rows_.emplace_back(decodeValue<W>(in));
  }

  bool nextPiece() {
    if (group_ == Grace::kNoGroup || piece_ == groups_[group_].size()) return false;
    const Bytes bytes = groups_[group_].read(task_, piece_++);
    rows_.clear();
    at_ = 0;
    for (Reader in(bytes); !in.atEnd();) rows_.emplace_back(decodeValue<W>(in));
    return true;
  }

  TaskContext& task_;
  Table table_;
  StreamPtr<Left> left_;
  Batch<Left> left_batch_;
  size_t at_ = 0;  ///< Index in the left batch, or, from disk, in the match's rows.
  typename Table::RowIndex row_ = Table::kNoRow;
  typename Grace::Groups groups_;
  std::unique_ptr<Grace> on_disk_;
  SequencedRuns matches_;
  bool from_disk_ = false;
  RecordBuffer<Left> matched_;  ///< From disk: the left record of the current match.
  uint32_t group_ = Grace::kNoGroup;
  size_t piece_ = 0;
  RecordBuffer<W> rows_;
  RecordBuffer<R> batch_;
};

template <class K, class V, class W>
struct Join {
  using R = std::pair<K, std::pair<V, W>>;

  StreamPtr<R> compute(TaskContext& task, const RddNode& node, int p) const {
    auto* join = new JoinStream<K, V, W>(task);
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
