// Cerium. Licensed under the Apache License 2.0.
// Aggregation by key that may outgrow memory. When the budget has no room for a larger table, all entries go to disk,
// in buckets by their hash; at the end each bucket is aggregated by itself, in the order in which it was written
// (hybrid hash aggregation: Graefe, "Query Evaluation Techniques for Large Databases", 1993, 4.4).
#pragma once

#include "rdd/shuffle/combine_table.h"
#include "rdd/shuffle/spilled_buckets.h"
#include "rdd/typed_node.h"

namespace cerium {

/// Combiners by key. `MergeC` is called as merge(C&, C&&) with the earlier one first, so the order of input is kept.
template <class K, class C, class MergeC>
class SpillingTable {
 public:
  using Table = CombineTable<K, C>;

  /// `seed` as for CombineTable.
  SpillingTable(TaskContext& task, uint64_t seed, MergeC merge, int depth = 0)
      : task_(task),
        seed_(seed),
        merge_(std::move(merge)),
        depth_(depth),
        reserved_(task.services().memory()),
        table_(seed + static_cast<uint64_t>(depth) * 0x9e3779b97f4a7c15ULL) {}

  /// Room for `n` keys, if the budget has it: the count of a first segment is a good guess.
  void expect(size_t n) {
    const size_t bytes = (n + n / 2) * (sizeof(typename Table::Entry) + 1);
    if (table_.empty() && reserved_.tryResize(2 * bytes)) table_.reserve(n);
  }

  /// `make()` gives the combiner of a new key, `add(C&)` changes that of a known one.
  template <class Key, class Make, class Add>
  void upsert(Key&& key, Make&& make, Add&& add) {
    if (table_.mustGrow() || heap_bytes_ > heap_limit_) [[unlikely]]
      makeRoom();
    const uint64_t hash = Table::hashOf(key);
    auto make_counted = [&] {
      if constexpr (!kBitwise<K>) heap_bytes_ += serde::heapBytes(static_cast<const K&>(key));
      return make();
    };
    table_.upsert(std::forward<Key>(key), hash, make_counted, std::forward<Add>(add));
  }
  /// Counts what a combiner has grown by on the heap.
  void charge(size_t bytes) { heap_bytes_ += bytes; }

  void prefetch(const K& key) const { table_.prefetch(Table::hashOf(key)); }
  [[nodiscard]] Table& table() { return table_; }
  [[nodiscard]] bool spilled() const { return spilled_.runs() > 0; }

  /// The entries, moved out; each key once. Call once, last; the table must live as long as the stream is read.
  [[nodiscard]] RecordBuffer<std::pair<K, C>> takeBucketOrAll(int bucket);
  [[nodiscard]] static constexpr int bucketCount() { return SpilledBuckets::kBuckets; }

 private:
  static constexpr size_t kSmallestSpill = 1024;
  static constexpr size_t kFirstHeapLimit = size_t{1} << 20;

  [[gnu::noinline]] void makeRoom() {
    const size_t wanted = heap_bytes_ + (table_.mustGrow() ? table_.bytesAfterGrowth() : table_.tableBytes());
    if (!reserved_.tryResize(wanted)) {
      if (table_.size() < kSmallestSpill || depth_ > 6) {
        reserved_.resizeAnyway(wanted);
      } else {
        spillAll();
        reserved_.resizeAnyway(table_.tableBytes());
      }
    }
    heap_limit_ = heap_bytes_ + heap_bytes_ / 4 + kFirstHeapLimit;
  }

  void spillAll() {
    SpilledBuckets::Run run;
    table_.forEach([&](typename Table::Entry& entry) {
      Writer out(run.next(SpilledBuckets::bucketOf(Table::hashOf(entry), depth_)));
      encodeValue(out, std::pair<K, C>(std::move(entry.key), std::move(entry.value)));
    });
    spilled_.add(task_, std::move(run));
    table_.clear();
    heap_bytes_ = 0;
  }

  TaskContext& task_;
  const uint64_t seed_;
  MergeC merge_;
  const int depth_;
  Reservation reserved_;
  Table table_;
  size_t heap_bytes_ = 0;
  size_t heap_limit_ = kFirstHeapLimit;
  SpilledBuckets spilled_;
};

template <class K, class C, class MergeC>
RecordBuffer<std::pair<K, C>> SpillingTable<K, C, MergeC>::takeBucketOrAll(int bucket) {
  RecordBuffer<std::pair<K, C>> out;
  if (!table_.empty() && spilled()) spillAll();
  SpillingTable one(task_, seed_, merge_, depth_ + 1);
  for (size_t run = 0; run < spilled_.runs(); ++run) {
    const Bytes bytes = spilled_.read(run, bucket);
    Reader in(bytes);
    for (auto left = in.get<uint64_t>(); left > 0; --left) {
      auto [key, value] = decodeValue<std::pair<K, C>>(in);
      if constexpr (!kBitwise<C>) one.charge(serde::heapBytes(value));
      one.upsert(
          std::move(key), [&value = value] { return std::move(value); },
          [&value = value, this](C& known) { merge_(known, std::move(value)); });
    }
  }
  auto take = [&out](Table& table) {
    out.reserve(out.size() + table.size());
    table.forEach(
        [&](typename Table::Entry& entry) { out.emplace_back(std::move(entry.key), std::move(entry.value)); });
  };
  if (one.spilled()) {
    for (int b = 0; b < bucketCount(); ++b) {
      auto part = one.takeBucketOrAll(b);
      for (auto& record : part) out.emplace_back(std::move(record));
    }
  } else {
    take(one.table_);
  }
  return out;
}

/// A table, to be filled first, then read as a stream: its entries in slot order, or bucket by bucket where it spilled.
template <class K, class C, class MergeC>
class TableStream final : public Stream<std::pair<K, C>> {
  using R = std::pair<K, C>;

 public:
  TableStream(TaskContext& task, uint64_t seed, MergeC merge) : table_(task, seed, std::move(merge)) {}

  [[nodiscard]] SpillingTable<K, C, MergeC>& table() { return table_; }

  Batch<R> next() override {
    batch_.clear();
    if (table_.spilled()) {
      while (batch_.empty() && bucket_ < table_.bucketCount()) batch_ = table_.takeBucketOrAll(bucket_++);
      return {batch_.data(), batch_.size(), true};
    }
    auto& table = table_.table();
    slot_ = table.nextFilled(slot_);
    while (slot_ < table.capacity() && batch_.size() < kBatchRecords<R>) {
      auto& entry = table.entryAt(slot_);
      batch_.emplace_back(std::move(entry.key), std::move(entry.value));
      slot_ = table.nextFilled(slot_ + 1);
    }
    return {batch_.data(), batch_.size(), true};
  }

 private:
  SpillingTable<K, C, MergeC> table_;
  RecordBuffer<R> batch_;
  size_t slot_ = 0;
  int bucket_ = 0;
};

}  // namespace cerium
