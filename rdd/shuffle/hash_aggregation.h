// Cerium. Licensed under the Apache License 2.0.
// Aggregation by key that may exceed memory, with the same result for every memory size: keys come in the order of
// their hashes, and each key's values are folded one by one in the order of the input.
//
// While the budget suffices, all keys are in a table. When it does not, the table takes no new keys: values of its keys
// are still folded, and values of other keys wait on disk, in buckets by hash. When the table's combiners exceed the
// budget too, and at the end, they go to disk as well. Then each bucket is aggregated by itself, in the order of
// buckets. (Hybrid hash aggregation: Graefe, "Query Evaluation Techniques for Large Databases", 1993, 4.4. Values wait
// instead of being combined in part, because the sum of two partial sums need not be bitwise equal to the sum of all.)
#pragma once

#include <memory>

#include "base/storage/memory_claim.h"
#include "base/util/heap_meter.h"
#include "rdd/shuffle/combine_table.h"
#include "rdd/shuffle/fold.h"
#include "rdd/shuffle/group_too_large.h"
#include "rdd/shuffle/spilled_buckets.h"
#include "rdd/typed_node.h"

namespace cerium {

/// Tables that may be filled from each other need different seeds (see CombineTable): the map side and the reduce side
/// of an aggregation, and the aggregations above and below it in lineage.
inline uint64_t mapSideSeed(const TaskContext& task) { return 2 * static_cast<uint64_t>(task.lineageDepth()); }
inline uint64_t reduceSideSeed(const RddNode& node) { return 2 * static_cast<uint64_t>(node.lineageDepth()) + 1; }

/// Combiners by key; `Fold` as in rdd/shuffle/fold.h. Add all values, then read it as a stream. Memory: the budget, and
/// a megabyte for writing. Disk: each waiting value is written and read once for each level. Threads: externally
/// synchronised.
template <class K, class C, class Fold>
class HashAggregation final : public Stream<std::pair<K, C>> {
  using R = std::pair<K, C>;

 public:
  using Table = CombineTable<K, C>;

  HashAggregation(TaskContext& task, uint64_t seed, Fold fold, int level = 0)
      : task_(task),
        seed_(seed),
        fold_(std::move(fold)),
        level_(level),
        claim_(task.services().memory()),
        table_(seed, SpilledBuckets::kBitsALevel * level),
        combiners_on_disk_(task),
        values_on_disk_(task) {}

  /// Makes room for `n` keys if the budget allows. The size of a first segment is a good guess.
  void expect(size_t n) {
    const size_t bytes = (n + n / 2) * (sizeof(typename Table::Entry) + 1);
    if (table_.empty() && claim_.growWithin(2 * bytes)) table_.reserve(n);
  }

  template <class Key, class X>
  void add(Key&& key, X&& value) {
    const uint64_t hash = Table::hashOf(key);
    add(hash, std::forward<Key>(key), std::forward<X>(value));
  }
  /// Adds a value whose key's hash is known. O(1).
  template <class Key, class X>
  void add(uint64_t hash, Key&& key, X&& value) {
    if (isFull() && !makeRoom()) [[unlikely]] {
      addWhenFull(hash, key, value);
    } else if (!addInMemory(hash, std::forward<Key>(key), std::forward<X>(value))) [[unlikely]] {
      freeze();
      addWhenFull(hash, key, value);
    }
  }

  /// Loads table memory ahead of an add(); useful if the table is larger than a core's cache.
  void prefetch(uint64_t hash) const { table_.prefetch(hash); }
  [[nodiscard]] bool isLarge() const { return table_.tableBytes() >= kLargeTable; }

  [[nodiscard]] const Table& table() const { return table_; }
  /// Whether data went to disk.
  [[nodiscard]] bool spilled() const { return state_ != State::kInMemory; }

  Batch<R> next() override {
    batch_.clear();
    if (state_ == State::kInMemory) {
      takeFromTable();
      return {batch_.data(), batch_.size(), true};
    }
    while (openBucket()) {
      if (auto batch = bucket_->next(); batch.size > 0) return batch;
      bucket_.reset();
    }
    return {};
  }

 private:
  // kFrozen: the table takes no new keys. kOnDisk: the table is empty and stays so.
  enum class State { kInMemory, kFrozen, kOnDisk };

  static constexpr bool kHasHeap = !kBitwise<K> || !kBitwise<C>;
  static constexpr size_t kReleaseEvery = size_t{1} << 14;
  static constexpr size_t kLargeTable = size_t{1} << 20;  // about the size of a core's own cache

  [[nodiscard]] bool isFull() const {
    if (table_.mustGrow() || claim_.isAskedToShrink()) return true;
    return kHasHeap && heap_bytes_ > heap_limit_;
  }
  static int64_t signedBytes(size_t bytes) { return static_cast<int64_t>(bytes); }
  [[nodiscard]] size_t heapBytes() const { return heap_bytes_ > 0 ? static_cast<size_t>(heap_bytes_) : 0; }

  // ---- in memory

  /// Returns false, with nothing added or moved from, if the key's combiner would exceed the budget.
  template <class Key, class X>
  bool addInMemory(uint64_t hash, Key&& key, X&& value) {
    bool fits = true;
    table_.upsert(
        std::forward<Key>(key), hash,
        [&] {
          if constexpr (!kBitwise<K>) heap_bytes_ += signedBytes(serde::heapBytes(static_cast<const K&>(key)));
          C combiner = fold_.create(std::forward<X>(value));
          if constexpr (!kBitwise<C>) heap_bytes_ += signedBytes(serde::heapBytes(combiner));
          return combiner;
        },
        [&](C& known) {
          fits = hasRoomToAdd(known, value);
          if (fits) fold(known, std::forward<X>(value));
        });
    return fits;
  }

  template <class X>
  bool hasRoomToAdd(const C& known, const X& value) {
    const size_t growth = fold_.growth(known, value);
    return growth == 0 || claim_.growWithin(claim_.bytes() + growth);
  }

  /// Adds to a combiner and charges the budget with its growth.
  template <class X>
  void fold(C& known, X&& value) {
    if constexpr (kBitwise<C>) {
      fold_.add(known, std::forward<X>(value));
    } else {
      const int64_t brought = signedBytes(fold_.heapMoved(std::forward<X>(value)));
      const HeapMeter meter;
      fold_.add(known, std::forward<X>(value));
      heap_bytes_ += brought + meter.grown(signedBytes(sizeof value));
    }
  }

  /// Charges the budget with the table's next growth. Returns false, from then on always, if the budget has no room.
  [[gnu::noinline]] bool makeRoom() {
    if (state_ != State::kInMemory) return false;
    if (!claim_.isAskedToShrink() && reserve(table_.mustGrow() ? table_.bytesAfterGrowth() : table_.tableBytes()))
      return true;
    freeze();
    return false;
  }
  void freeze() {
    state_ = State::kFrozen;
    table_.close();
  }

  bool reserve(size_t table_bytes) {
    // Reserves a little ahead, so that the budget is seldom asked.
    const size_t ahead = kHasHeap ? std::min(heapBytes() / 8 + (size_t{16} << 10), size_t{4} << 20) : 0;
    const size_t wanted = table_bytes + heapBytes() + ahead;
    if (!claim_.grow(wanted)) return false;
    heap_limit_ = heap_bytes_ + signedBytes(ahead);
    return true;
  }

  // ---- beyond memory

  template <class X>
  [[gnu::noinline]] void addWhenFull(uint64_t hash, const K& key, const X& value) {
    if (state_ == State::kFrozen) {
      C* known = table_.find(key, hash);
      if (known != nullptr && hasRoomToAdd(*known, value)) {
        fold(*known, value);
        if (kHasHeap && heap_bytes_ > heap_limit_ && !reserve(table_.tableBytes())) evictUnlessOne(key);
        return;
      }
      if (known != nullptr) {
        evictUnlessOne(key);
      } else if (claim_.isAskedToShrink()) {
        evict();
      }
    }
    Writer out = values_on_disk_.beginRecord(bucketOf(hash));
    encodeValue(out, key);
    fold_.encode(out, value);
    values_on_disk_.endRecord();
  }

  /// `key` exceeds the budget. If the table has other keys, all go to disk; if not, this throws.
  void evictUnlessOne(const K& key) {
    if (level_ >= SpilledBuckets::kLevels || table_.size() == 1)
      throwGroupTooLarge(task_, table_.size(), heapBytes(), keyText(key));
    evict();
  }
  /// Writes the table's combiners to disk. REQUIRES: kFrozen.
  void evict() {
    table_.forEachSpread([&](typename Table::Entry& entry) {
      task_.checkInterrupted();
      putCombiner(Table::hashOf(entry), entry.key, entry.value);
    });
    releaseTable();
    state_ = State::kOnDisk;
  }

  void putCombiner(uint64_t hash, const K& key, const C& combiner) {
    Writer out = combiners_on_disk_.beginRecord(bucketOf(hash));
    encodeValue(out, key);
    encodeValue(out, combiner);
    combiners_on_disk_.endRecord();
  }
  /// Adds a combiner that the level above has written to disk. All combiners come before the first value.
  void addCombiner(K key, C combiner) {
    const uint64_t hash = Table::hashOf(key);
    if (isFull() && !makeRoom()) {
      if (level_ >= SpilledBuckets::kLevels)
        throwGroupTooLarge(task_, table_.size() + 1, heapBytes() + serde::heapBytes(combiner), keyText(key));
      return putCombiner(hash, key, combiner);
    }
    if constexpr (!kBitwise<K>) heap_bytes_ += signedBytes(serde::heapBytes(key));
    if constexpr (!kBitwise<C>) heap_bytes_ += signedBytes(serde::heapBytes(combiner));
    table_.upsert(
        std::move(key), hash, [&] { return std::move(combiner); },
        [](C&) { throw CorruptData("a combiner that was put on disk came back twice"); });
  }
  [[nodiscard]] int bucketOf(uint64_t hash) const { return SpilledBuckets::bucketOf(table_.orderOf(hash), level_); }

  // ---- reading

  void takeFromTable() {
    if (table_.empty()) return;
    if (!reading_) {
      reading_ = true;
      position_ = table_.firstPosition();
      end_ = table_.endPosition();
      held_ = claim_.bytes();
    }
    for (; batch_.size() < kBatchRecords<R> && position_ < end_; position_ = table_.nextPosition(position_, end_)) {
      if (++taken_ % kReleaseEvery == 0) releaseTaken();
      auto& entry = table_.entryAt(position_);
      batch_.emplace_back(std::move(entry.key), std::move(entry.value));
    }
    task_.checkInterrupted();
    if (position_ >= end_) releaseTable();
  }
  /// Releases the memory of entries that the reader has taken; the reader charges what it keeps.
  void releaseTaken() {
    table_.releaseBefore(position_);
    const double left = 1 - static_cast<double>(taken_) / static_cast<double>(table_.size());
    claim_.set(static_cast<size_t>(left * static_cast<double>(held_)));
  }
  void releaseTable() {
    table_.release();
    heap_bytes_ = 0;
    claim_.release();
  }

  /// Starts the next bucket if none is being read. Returns false at the end.
  bool openBucket() {
    if (bucket_) return true;
    if (next_bucket_ == 0) {
      if (state_ == State::kFrozen) evict();  // its memory is needed for the buckets
      combiners_on_disk_.flush();
      values_on_disk_.flush();
    }
    if (next_bucket_ == SpilledBuckets::kBuckets) return false;
    bucket_ = std::make_unique<HashAggregation>(task_, seed_, fold_, level_ + 1);
    const int b = next_bucket_++;
    for (SpilledBuckets::Records records(combiners_on_disk_, b); records.next();) {
      K key = decodeValue<K>(records.in());
      bucket_->addCombiner(std::move(key), decodeValue<C>(records.in()));
    }
    for (SpilledBuckets::Records records(values_on_disk_, b); records.next();) {
      K key = decodeValue<K>(records.in());
      fold_.replay(records.in(), [&](auto&& value) { bucket_->add(std::move(key), std::move(value)); });
    }
    return true;
  }

  TaskContext& task_;
  const uint64_t seed_;
  Fold fold_;
  const int level_;
  State state_ = State::kInMemory;
  MemoryClaim claim_;
  Table table_;
  int64_t heap_bytes_ = 0;  ///< Heap bytes of keys and combiners, approximately.
  int64_t heap_limit_ = 0;
  SpilledBuckets combiners_on_disk_;
  SpilledBuckets values_on_disk_;
  // State of the reader:
  bool reading_ = false;
  size_t position_ = 0;
  size_t end_ = 0;
  size_t taken_ = 0;
  size_t held_ = 0;  ///< Bytes reserved when reading began.
  int next_bucket_ = 0;
  std::unique_ptr<HashAggregation> bucket_;
  RecordBuffer<R> batch_;
};

}  // namespace cerium
