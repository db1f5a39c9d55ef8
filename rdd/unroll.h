// Cerium. Licensed under the Apache License 2.0.
// Makes a block for the cache of a partition that is computed, without holding more of it than the budget has room for.
#pragma once

#include <iterator>

#include "base/storage/memory_manager.h"
#include "rdd/block.h"
#include "rdd/task_context.h"

namespace cerium {

/// The records of a block, read piece by piece.
template <class T>
class PieceStream final : public Stream<T> {
 public:
  explicit PieceStream(std::vector<CachedPiece> pieces) : pieces_(std::move(pieces)) {}
  Batch<T> next() override {
    for (;;) {
      if (records_) {
        if (Batch<T> batch = records_->next(); batch.size > 0) return batch;
      }
      if (at_ == pieces_.size()) return {};
      const auto bytes = std::exchange(pieces_[at_++], {}).read().bytes;
      records_.emplace(bytes->view(), bytes);
    }
  }

 private:
  std::vector<CachedPiece> pieces_;
  size_t at_ = 0;
  std::optional<DecodeStream<T>> records_;
};

/// Takes a stream's records as a storage level keeps them: typed, or encoded in pieces, in memory or on disk. Records
/// for which the budget has no room go to disk, a piece at a time, where the level has one.
template <class T>
class Unroll {
 public:
  Unroll(TaskContext& task, StorageLevel level)
      : task_(task),
        level_(level),
        reserved_(task.services().memory(), nullptr),  // a partition that is cached is no one task's
        encodes_(keepsEncoded(level)) {}

  /// Takes all of it. False where the budget has no room and the level no disk: take what came by passOn() then, and
  /// the rest from the stream.
  bool take(StreamPtr<T>& stream) {
    while (stream->appendNext(records_)) {
      task_.checkInterrupted();
      count();
      if ((encodes_ || to_disk_) && bytes_ >= kPieceBytes) encode();
      if (hasRoom()) continue;
      if (!usesDisk(level_)) return false;
      to_disk_ = true;
      encode();
    }
    if (encodes_ || to_disk_) encode();
    return true;
  }
  /// REQUIRES: take() was true. The store charges what it keeps.
  CachedBlock block() {
    reserved_.resizeAnyway(0);
    if (encodes_ || to_disk_) return CachedBlock::of(std::move(pieces_));
    return CachedBlock::of(TypedBlock::of(std::move(records_)));
  }
  StreamPtr<T> passOn() {
    return makeStream<ConcatStream<T>>(makeStream<PieceStream<T>>(std::move(pieces_)),
                                       makeStream<OwnedStream<T>>(std::move(records_)));
  }

 private:
  /// Adds up what the records hold that came last.
  void count() {
    if constexpr (kBitwise<T>) {
      bytes_ = records_.size() * sizeof(T);
    } else {
      for (; counted_ < records_.size(); ++counted_) bytes_ += sizeof(T) + serde::heapBytes(records_[counted_]);
    }
  }
  bool hasRoom() {
    const size_t unused = (records_.capacity() - records_.size()) * sizeof(T);
    return to_disk_ || reserved_.tryResize(encoded_ + bytes_ + unused);
  }

  /// Makes pieces of what there is; on disk these, and those of before, where there is no room in memory.
  void encode() {
    const auto disk = to_disk_ ? task_.services().spillSpace() : nullptr;
    if (to_disk_ && encoded_ > 0) pieces_ = CachedBlock::of(std::move(pieces_)).inPieces(disk, &task_).pieces;
    CachedBlock fresh = CachedBlock::of(TypedBlock::of(std::exchange(records_, {}))).inPieces(disk, &task_);
    encoded_ = to_disk_ ? 0 : encoded_ + fresh.memory();
    std::move(fresh.pieces.begin(), fresh.pieces.end(), std::back_inserter(pieces_));
    bytes_ = counted_ = 0;
    if (to_disk_) reserved_.resizeAnyway(0);
  }

  TaskContext& task_;
  const StorageLevel level_;
  Reservation reserved_;
  const bool encodes_;
  bool to_disk_ = false;
  RecordBuffer<T> records_;
  size_t bytes_ = 0;    ///< Of the records, with what they hold on the heap.
  size_t counted_ = 0;  ///< Records that are in bytes_.
  std::vector<CachedPiece> pieces_;
  size_t encoded_ = 0;  ///< Bytes of the pieces in memory.
};

}  // namespace cerium
