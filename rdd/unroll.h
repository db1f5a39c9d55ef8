// Cerium. Licensed under the Apache License 2.0.
// Turns a computed partition into a block for the cache, without holding more of it than the budget allows.
#pragma once

#include <iterator>

#include "base/storage/memory_manager.h"
#include "rdd/block.h"
#include "rdd/task_context.h"
#include "rdd/trim.h"

namespace cerium {

/// Reads the records of a block piece by piece.
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

/// Stores a stream's records as a storage level requires: typed or encoded in pieces, in memory or on disk. Records
/// that exceed the budget go to disk, a piece at a time, if the level allows disk.
template <class T>
class Unroll {
 public:
  Unroll(TaskContext& task, StorageLevel level)
      : task_(task),
        level_(level),
        reserved_(task.services().memory(), nullptr),  // a cached partition belongs to no task's share
        encodes_(keepsEncoded(level)) {}

  /// Takes the whole stream. Returns false if the budget has no room and the level no disk: then passOn() gives the
  /// records taken so far, and the stream has the rest.
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
  /// The finished block. REQUIRES: take() returned true. The store charges the memory.
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
  /// Adds the size of the last records to bytes_.
  void count() {
    if constexpr (kBitwise<T>) {
      bytes_ = records_.size() * sizeof(T);
    } else {
      for (; counted_ < records_.size(); ++counted_) {
        trim(records_[counted_]);
        bytes_ += sizeof(T) + serde::heapBytes(records_[counted_]);
      }
    }
  }
  bool hasRoom() {
    const size_t unused = (records_.capacity() - records_.size()) * sizeof(T);
    return to_disk_ || reserved_.tryResize(encoded_ + bytes_ + unused);
  }

  /// Encodes the records in memory into pieces. If memory has no room, these and the earlier pieces go to disk.
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
  size_t bytes_ = 0;    ///< Size of the records, with their heap.
  size_t counted_ = 0;  ///< How many records bytes_ includes.
  std::vector<CachedPiece> pieces_;
  size_t encoded_ = 0;  ///< Bytes of the pieces in memory.
};

}  // namespace cerium
