// Cerium. Licensed under the Apache License 2.0.
// Operators on column batches, with more rows than memory: how code that does not know records at compile time uses the
// memory claim, the external sort, the merge and the spilled buckets.
#include <algorithm>
#include <catch2/catch.hpp>
#include <numeric>
#include <unordered_map>

#include "rdd/shuffle/external_sort.h"
#include "rdd/shuffle/merge_heap.h"
#include "rdd/shuffle/spilled_buckets.h"
#include "tests/support/fake_services.h"

namespace cerium {
namespace {

/// Rows as columns.
struct Batch2 {
  std::vector<int64_t> keys;
  std::vector<int64_t> values;

  [[nodiscard]] size_t size() const { return keys.size(); }
  void add(int64_t key, int64_t value) {
    keys.push_back(key);
    values.push_back(value);
  }
};

constexpr size_t kRows = 1'000;  // of a batch on disk

Bytes encoded(const Batch2& rows) {
  Bytes bytes;
  Writer out(bytes);
  out.varint(rows.size());
  for (size_t i = 0; i < rows.size(); ++i) {
    out.put(rows.keys[i]);
    out.put(rows.values[i]);
  }
  return bytes;
}

Batch2 decoded(const Bytes& bytes) {
  Batch2 rows;
  Reader in(bytes);
  for (size_t n = in.count(); n > 0; --n) {
    const auto key = in.get<int64_t>();
    rows.add(key, in.get<int64_t>());
  }
  return rows;
}

/// Sorts batches by key.
class BatchSorter final : private SortBuffer {
 public:
  explicit BatchSorter(TaskContext& task) : task_(task), sort_(task, *this) {}

  void add(const Batch2& batch) {
    rows_.keys.insert(rows_.keys.end(), batch.keys.begin(), batch.keys.end());
    rows_.values.insert(rows_.values.end(), batch.values.begin(), batch.values.end());
    sort_.added();
  }
  /// All rows in order. (A plan would take them batch by batch.)
  Batch2 finish() {
    std::vector<SpilledPieces> runs = sort_.finish();
    writeRun(runs.emplace_back());
    Batch2 all;
    merge(runs, [&](const Batch2& batch) {
      all.keys.insert(all.keys.end(), batch.keys.begin(), batch.keys.end());
      all.values.insert(all.values.end(), batch.values.begin(), batch.values.end());
    });
    return all;
  }

 private:
  [[nodiscard]] size_t bytes() const override { return 2 * rows_.size() * (2 * sizeof(int64_t) + sizeof(uint32_t)); }
  void writeRun(SpilledPieces& run) override {
    std::vector<uint32_t> order(rows_.size());
    std::iota(order.begin(), order.end(), 0);
    std::stable_sort(order.begin(), order.end(), [&](auto a, auto b) { return rows_.keys[a] < rows_.keys[b]; });
    Batch2 batch;
    for (uint32_t row : order) {
      batch.add(rows_.keys[row], rows_.values[row]);
      if (batch.size() == kRows) write(batch, run);
    }
    write(batch, run);
    rows_ = {};
  }
  void mergeRuns(std::vector<SpilledPieces> runs, SpilledPieces& into) override {
    merge(runs, [&](Batch2& batch) { write(batch, into); });
  }
  void write(Batch2& batch, SpilledPieces& run) {
    if (batch.size() == 0) return;
    Bytes piece = encoded(batch);
    run.add(task_, piece);
    batch = {};
  }

  template <class Take>
  void merge(std::vector<SpilledPieces>& runs, Take take) {
    struct Cursor {
      Batch2 batch;
      size_t row = 0;
      size_t piece = 0;
    };
    std::vector<Cursor> cursors(runs.size());
    const auto advance = [&](size_t run) {
      Cursor& at = cursors[run];
      if (++at.row < at.batch.size()) return true;
      if (at.piece == runs[run].size()) return false;
      at.batch = decoded(runs[run].take(task_, at.piece++));
      at.row = 0;
      return true;
    };
    std::vector<size_t> filled;
    for (size_t run = 0; run < runs.size(); ++run) {
      if (advance(run)) filled.push_back(run);
    }
    const auto keyOf = [&](size_t run) { return cursors[run].batch.keys[cursors[run].row]; };
    MergeHeap heap([&](size_t a, size_t b) { return keyOf(a) < keyOf(b); });
    heap.start(std::move(filled));
    Batch2 out;
    while (!heap.empty()) {
      const Cursor& at = cursors[heap.first()];
      out.add(at.batch.keys[at.row], at.batch.values[at.row]);
      if (out.size() == kRows) {
        take(out);
        out = {};
      }
      if (advance(heap.first())) {
        heap.moved();
      } else {
        heap.ended();
      }
    }
    if (out.size() > 0) take(out);
  }

  TaskContext& task_;
  Batch2 rows_;
  ExternalSort sort_;
};

uint64_t hashOf(int64_t key) { return static_cast<uint64_t>(key) * 0x9e3779b97f4a7c15ULL; }

/// Sums values by key. Rows of keys for which there is no room wait on disk, and each bucket is summed by itself.
class BatchSums {
 public:
  explicit BatchSums(TaskContext& task, int level = 0)
      : task_(task), level_(level), claim_(task.services().memory()), waiting_(task) {}

  void add(int64_t key, int64_t value) {
    if (auto known = sums_.find(key); known != sums_.end()) {
      known->second += value;
      return;
    }
    is_full_ = is_full_ || claim_.isAskedToShrink() || !claim_.grow((sums_.size() + 1) * kEntry);
    if (!is_full_) {
      sums_.emplace(key, value);
      return;
    }
    Writer out = waiting_.beginRecord(SpilledBuckets::bucketOf(hashOf(key), level_));
    out.put(key);
    out.put(value);
    waiting_.endRecord();
  }

  template <class Take>
  void finish(Take take) {
    for (const auto& [key, sum] : sums_) take(key, sum);
    sums_ = {};
    claim_.release();
    if (!is_full_) return;
    waiting_.flush();
    for (int bucket = 0; bucket < SpilledBuckets::kBuckets; ++bucket) {
      BatchSums deeper(task_, level_ + 1);
      for (SpilledBuckets::Records records(waiting_, bucket); records.next();) {
        const auto key = records.in().get<int64_t>();
        deeper.add(key, records.in().get<int64_t>());
      }
      deeper.finish(take);
    }
  }

 private:
  static constexpr size_t kEntry = 64;  // bytes of a key in the table, about

  TaskContext& task_;
  const int level_;
  MemoryClaim claim_;
  std::unordered_map<int64_t, int64_t> sums_;
  SpilledBuckets waiting_;
  bool is_full_ = false;
};

int64_t keyOf(int64_t i) { return i * 7'919 % 40'009; }

}  // namespace

TEST_CASE("column batches are sorted beyond the memory budget, stably", "[rdd]") {
  constexpr int64_t kSorted = 600'000;
  const size_t budget = GENERATE(size_t{1} << 30, size_t{1} << 20, size_t{64} << 10);
  testing::FakeTask task(budget);
  Batch2 sorted;
  {
    BatchSorter sorter(task.context);
    for (int64_t i = 0; i < kSorted;) {
      Batch2 batch;
      for (const int64_t end = i + 500; i < end; ++i) batch.add(keyOf(i) % 997, i);
      sorter.add(batch);
    }
    sorted = sorter.finish();
  }
  REQUIRE(sorted.size() == size_t{kSorted});
  bool is_in_order = true;
  for (size_t i = 1; i < sorted.size(); ++i) {
    is_in_order = is_in_order &&
                  std::pair(sorted.keys[i - 1], sorted.values[i - 1]) < std::pair(sorted.keys[i], sorted.values[i]);
  }
  CHECK(is_in_order);
  CHECK(task.services.memory().used() == 0);
  // With the smallest budget more runs are written than one merge reads.
  const int64_t whole = budget == size_t{1} << 30 ? 0 : kSorted * 16;
  CHECK(task.context.metrics().spilled_bytes >= (budget < (size_t{1} << 20) ? whole * 3 / 2 : whole));
}

TEST_CASE("column batches are aggregated beyond the memory budget", "[rdd]") {
  testing::FakeTask task(size_t{64} << 10);
  std::unordered_map<int64_t, int64_t> expected;
  std::unordered_map<int64_t, int64_t> sums;
  {
    BatchSums aggregation(task.context);
    for (int64_t i = 0; i < 200'000; ++i) {
      aggregation.add(keyOf(i), i);
      expected[keyOf(i)] += i;
    }
    bool is_once = true;
    aggregation.finish([&](int64_t key, int64_t sum) { is_once = sums.emplace(key, sum).second && is_once; });
    CHECK(is_once);
  }
  CHECK(sums == expected);
  CHECK(task.context.metrics().spilled_bytes > 0);
  CHECK(task.services.memory().used() == 0);
}

}  // namespace cerium
