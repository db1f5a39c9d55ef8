// Cerium. Licensed under the Apache License 2.0.
// A join whose right side does not fit into memory: both sides go to disk in buckets by hash, and each bucket is joined
// by itself (Grace hash join: Kitsuregawa, Tanaka, Moto-oka, "Application of Hash to Data Base Machine and Its
// Architecture", 1983). The left records keep their numbers, so that the matches come out in the order of the left
// side, as they do from a join in memory.
#pragma once

#include <optional>
#include <unordered_map>
#include <vector>

#include "rdd/shuffle/join_table.h"
#include "rdd/shuffle/sequenced_runs.h"
#include "rdd/shuffle/spilled_buckets.h"

namespace cerium {

/// The right rows of keys that have many, once on disk, for any number of left records. Threads: externally
/// synchronised.
template <class W>
class SpilledGroups {
 public:
  explicit SpilledGroups(TaskContext& task) : task_(task) {}

  /// Takes the rows that `each(use)` calls `use(const W&)` with; returns the group's number.
  template <class Each>
  int64_t add(Each&& each) {
    groups_.emplace_back();
    Bytes piece;
    Writer out(piece);
    each([&](const W& value) {
      encodeValue(out, value);
      if (piece.size() >= kPieceBytes) write(piece);
    });
    if (piece.size() > 0) write(piece);
    return static_cast<int64_t>(groups_.size()) - 1;
  }
  [[nodiscard]] size_t pieces(int64_t group) const { return groups_[static_cast<size_t>(group)].size(); }
  /// Rows, one behind the other to the end of the bytes.
  [[nodiscard]] Bytes read(int64_t group, size_t piece) const {
    task_.checkInterrupted();
    return groups_[static_cast<size_t>(group)][piece]->read();
  }

 private:
  static constexpr size_t kPieceBytes = size_t{64} << 10;

  void write(Bytes& piece) {
    groups_.back().push_back(spill(task_.services().spillSpace(), piece.view()));
    task_.metrics().spilled_bytes += static_cast<int64_t>(piece.size());
    piece.clear();
  }

  TaskContext& task_;
  std::vector<std::vector<SpilledPtr>> groups_;
};

/// Threads: externally synchronised.
template <class K, class V, class W>
class GraceJoin {
 public:
  /// A left record with the right rows of its key: few of them here, many in a group on disk.
  static constexpr int64_t kNoGroup = -1;
  using Match = std::pair<std::pair<K, V>, std::pair<int64_t, std::vector<W>>>;
  using Table = JoinTable<K, W>;

  GraceJoin(TaskContext& task, SpilledGroups<W>& groups, int level = 0)
      : task_(task), groups_(groups), level_(level), right_(task), left_(task) {}

  void addRight(uint64_t hash, const K& key, const W& value) {
    right_.add(bucketOf(hash), [&](Writer& out) {
      encodeValue(out, key);
      encodeValue(out, value);
    });
  }
  /// All that a table holds, which is emptied.
  void addRight(Table& table) {
    table.table().forEach([&](auto& entry) {
      for (auto row = entry.value.first; row != Table::kNoRow; row = table.next(row))
        addRight(Table::Table::hashOf(entry), entry.key, table.value(row));
    });
    table.release();
  }
  /// `number`: ascending from call to call.
  void addLeft(uint64_t number, uint64_t hash, const K& key, const V& value) {
    left_.add(bucketOf(hash), [&](Writer& out) {
      out.varint(number);
      encodeValue(out, key);
      encodeValue(out, value);
    });
  }

  /// Joins all buckets, each of which becomes a run. Call once, last.
  void run(SequencedRuns<Match>& results) {
    right_.flush();
    left_.flush();
    for (int bucket = 0; bucket < SpilledBuckets::kBuckets; ++bucket) {
      results.beginRun();
      join(bucket, results);
      results.endRun();
    }
  }

 private:
  static constexpr size_t kFewRows = 32;  // that a match carries itself

  // Not the hash itself: all keys of a partition have the same high bits in that.
  [[nodiscard]] int bucketOf(uint64_t hash) const { return SpilledBuckets::bucketOf(keys::mix(hash), level_); }

  void join(int bucket, SequencedRuns<Match>& results) {
    Table table(task_.services().memory());
    std::optional<GraceJoin> deeper;
    right_.eachOf(bucket, [&](Reader& in) {
      const K key = decodeValue<K>(in);
      W value = decodeValue<W>(in);
      const uint64_t hash = Table::Table::hashOf(key);
      if (!deeper) {
        if (table.add(hash, key, value, true)) return;
        deepen(table, deeper, key);
      }
      deeper->addRight(hash, key, value);
    });
    group_of_.clear();
    left_.eachOf(bucket, [&](Reader& in) {
      const uint64_t number = in.varint();
      K key = decodeValue<K>(in);
      V value = decodeValue<V>(in);
      const uint64_t hash = Table::Table::hashOf(key);
      if (deeper) {
        deeper->addLeft(number, hash, key, value);
      } else if (const auto* rows = table.find(key, hash)) {
        results.add(number, match(table, *rows, {std::move(key), std::move(value)}));
      }
    });
    if (!deeper) return;
    SequencedRuns<Match> parts(task_);
    deeper->run(parts);
    while (parts.next([&](uint64_t number, Match&& one) { results.add(number, one); })) {
    }
  }

  void deepen(Table& table, std::optional<GraceJoin>& deeper, const K& key) {
    if (level_ + 1 >= SpilledBuckets::kLevels || table.keys() <= 1) {
      throwGroupTooLarge(task_, table.keys(), table.bytes(), keyText(key));
    }
    deeper.emplace(task_, groups_, level_ + 1);
    deeper->addRight(table);
  }

  Match match(Table& table, const typename Table::Rows& rows, std::pair<K, V> left) {
    const auto each = [&](auto&& use) {
      for (auto row = rows.first; row != Table::kNoRow; row = table.next(row)) use(table.value(row));
    };
    if (rows.count > kFewRows) {
      auto [known, is_new] = group_of_.try_emplace(rows.first, 0);
      if (is_new) known->second = groups_.add(each);
      return {std::move(left), {known->second, {}}};
    }
    std::vector<W> values;
    values.reserve(rows.count);
    each([&](const W& value) { values.push_back(value); });
    return {std::move(left), {kNoGroup, std::move(values)}};
  }

  TaskContext& task_;
  SpilledGroups<W>& groups_;
  const int level_;
  SpilledBuckets right_;
  SpilledBuckets left_;
  std::unordered_map<typename Table::RowIndex, int64_t> group_of_;  ///< Of the bucket at hand, by first row.
};

}  // namespace cerium
