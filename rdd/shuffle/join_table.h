// Cerium. Licensed under the Apache License 2.0.
// The right side of a join in memory: rows by key; rows of one key in the order in which they came.
#pragma once

#include <vector>

#include "base/storage/memory_claim.h"
#include "rdd/shuffle/combine_table.h"
#include "rdd/shuffle/group_too_large.h"
#include "rdd/stream.h"

namespace cerium {

/// A table of rows. Threads: externally synchronised.
template <class K, class W>
class JoinTable {
 public:
  using RowIndex = uint32_t;
  static constexpr RowIndex kNoRow = ~RowIndex{0};
  static constexpr uint32_t kNoGroup = ~uint32_t{0};
  struct Rows {  ///< The rows of one key as a list, so that a key needs no allocation.
    RowIndex first;
    RowIndex last;
    uint32_t count;
    uint32_t group;  ///< For use by the owner of the table.
  };
  using Table = CombineTable<K, Rows>;

  explicit JoinTable(MemoryManager& memory) : claim_(memory) {}

  /// Returns false, with nothing added, if the budget has no room for another row.
  [[nodiscard]] bool add(uint64_t hash, const K& key, W& value, bool owned) {
    if (heap_bytes_ > heap_limit_ || size_ == room_ || table_.mustGrow()) [[unlikely]] {
      if (!makeRoom()) return false;
    }
    if constexpr (!kBitwise<K>) heap_bytes_ += serde::heapBytes(key);  // too much for known keys, never too little
    if constexpr (!kBitwise<W>) heap_bytes_ += serde::heapBytes(value);
    const auto row = static_cast<RowIndex>(size_);
    if (owned) {
      chunks_.back().emplace_back(Row{std::move(value), kNoRow});
    } else {
      chunks_.back().emplace_back(Row{static_cast<const W&>(value), kNoRow});
    }
    ++size_;
    table_.upsert(
        key, hash,
        [&] {
          return Rows{row, row, 1, kNoGroup};
        },
        [&](Rows& known) {
          rowAt(known.last).next = row;
          known.last = row;
          ++known.count;
        });
    return true;
  }

  [[nodiscard]] size_t keys() const { return table_.size(); }
  [[nodiscard]] size_t bytes() const { return claim_.bytes(); }
  Table& table() { return table_; }
  /// The rows of a key, or null.
  Rows* find(const K& key, uint64_t hash) { return table_.find(key, hash); }
  [[nodiscard]] const W& value(RowIndex row) const { return chunks_[row >> kChunkShift][row & (kChunk - 1)].value; }
  [[nodiscard]] RowIndex next(RowIndex row) const { return chunks_[row >> kChunkShift][row & (kChunk - 1)].next; }

  void release() {
    table_.release();
    chunks_.clear();
    size_ = room_ = heap_bytes_ = heap_limit_ = 0;
    claim_.release();
  }

 private:
  struct Row {
    W value;
    RowIndex next;
  };
  static constexpr int kChunkShift = 13;
  static constexpr size_t kChunk = size_t{1} << kChunkShift;
  static constexpr size_t kFirstRoom = 64;

  Row& rowAt(RowIndex row) { return chunks_[row >> kChunkShift][row & (kChunk - 1)]; }

  [[gnu::noinline]] bool makeRoom() {
    if (size_ >= kNoRow - kChunk) return false;
    const size_t room = size_ < room_ ? room_ : room_ >= kChunk ? room_ + kChunk : room_ == 0 ? kFirstRoom : 2 * room_;
    const size_t ahead = heap_bytes_ / 8;
    const size_t wanted = (table_.mustGrow() ? table_.bytesAfterGrowth() : table_.tableBytes()) + room * sizeof(Row) +
                          heap_bytes_ + ahead;
    if (!claim_.grow(wanted)) return false;
    if (room_ == 0 || (room > room_ && room_ >= kChunk)) chunks_.emplace_back();
    if (room > room_) chunks_.back().reserve(room_ >= kChunk ? kChunk : room);
    room_ = room;
    heap_limit_ = heap_bytes_ + ahead + (size_t{16} << 10);
    return true;
  }

  MemoryClaim claim_;
  Table table_;
  std::vector<RecordBuffer<Row>> chunks_;  // each of kChunk rows; the first grows to that size
  size_t size_ = 0;
  size_t room_ = 0;
  size_t heap_bytes_ = 0;
  size_t heap_limit_ = 0;
};

}  // namespace cerium
