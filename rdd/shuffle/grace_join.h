// Cerium. Licensed under the Apache License 2.0.
// A join whose right side does not fit into memory: both sides go to disk in buckets by hash, and each bucket is joined
// by itself (Grace hash join: Kitsuregawa, Tanaka, Moto-oka, "Application of Hash to Data Base Machine and Its
// Architecture", 1983). Left records keep their numbers, so the matches come in the order of the left side, as in a
// join in memory.
#pragma once

#include <memory>
#include <vector>

#include "rdd/shuffle/join_table.h"
#include "rdd/shuffle/sequenced_runs.h"
#include "rdd/shuffle/spilled_buckets.h"
#include "rdd/shuffle/spilled_pieces.h"
#include "rdd/task_context.h"

namespace cerium {

/// Use: add all records of both sides, then run(). A match is written as: key, left value, group, right rows. Few rows
/// are written with the match (kNoGroup); otherwise they are in the group, one after the other. Threads: externally
/// synchronised.
template <class K, class V, class W>
class GraceJoin {
 public:
  using Table = JoinTable<K, W>;
  using Groups = std::vector<SpilledPieces>;
  static constexpr uint32_t kNoGroup = Table::kNoGroup;

  GraceJoin(TaskContext& task, Groups& groups, int level = 0)
      : task_(task), groups_(groups), level_(level), right_(task), left_(task) {}

  void addRight(uint64_t hash, const K& key, const W& value) {
    Writer out = right_.beginRecord(bucketOf(hash));
    encodeValue(out, key);
    encodeValue(out, value);
    right_.endRecord();
  }
  /// Adds all rows of a table and empties it.
  void addRight(Table& table) {
    table.table().forEachSpread([&](auto& entry) {
      for (auto row = entry.value.first; row != Table::kNoRow; row = table.next(row))
        addRight(Table::Table::hashOf(entry), entry.key, table.value(row));
    });
    table.release();
  }
  /// `number` must grow from call to call.
  void addLeft(uint64_t number, uint64_t hash, const K& key, const V& value) {
    Writer out = left_.beginRecord(bucketOf(hash));
    out.varint(number);
    encodeValue(out, key);
    encodeValue(out, value);
    left_.endRecord();
  }

  /// Joins all buckets; each becomes a run. Call once, last.
  void run(SequencedRuns& matches) {
    right_.flush();
    left_.flush();
    for (int bucket = 0; bucket < SpilledBuckets::kBuckets; ++bucket) {
      matches.beginRun();
      join(bucket, matches);
      matches.endRun();
    }
  }

 private:
  static constexpr uint32_t kFewRows = 32;  // up to so many rows are written with the match

  // Not the hash itself, because its high bits are the same for all keys of a partition.
  [[nodiscard]] int bucketOf(uint64_t hash) const { return SpilledBuckets::bucketOf(keys::mix(hash), level_); }

  void join(int bucket, SequencedRuns& matches) {
    Table table(task_.services().memory());
    std::unique_ptr<GraceJoin> deeper;
    for (SpilledBuckets::Records records(right_, bucket); records.next();) {
      const K key = decodeValue<K>(records.in());
      W value = decodeValue<W>(records.in());
      const uint64_t hash = Table::Table::hashOf(key);
      if (!deeper) {
        if (table.add(hash, key, value, true)) continue;
        deeper = deepen(table, key);
      }
      deeper->addRight(hash, key, value);
    }
    for (SpilledBuckets::Records records(left_, bucket); records.next();) {
      const uint64_t number = records.in().varint();
      const K key = decodeValue<K>(records.in());
      const V value = decodeValue<V>(records.in());
      const uint64_t hash = Table::Table::hashOf(key);
      if (deeper) {
        deeper->addLeft(number, hash, key, value);
      } else if (auto* rows = table.find(key, hash)) {
        writeMatch(matches, number, {key, value}, table, *rows);
      }
    }
    if (deeper) copyMatches(*deeper, matches);
  }

  std::unique_ptr<GraceJoin> deepen(Table& table, const K& key) {
    if (level_ + 1 >= SpilledBuckets::kLevels || table.keys() <= 1)
      throwGroupTooLarge(task_, table.keys(), table.bytes(), keyText(key));
    auto deeper = std::make_unique<GraceJoin>(task_, groups_, level_ + 1);
    deeper->addRight(table);
    return deeper;
  }

  void writeMatch(SequencedRuns& matches, uint64_t number, const std::pair<const K&, const V&>& left, Table& table,
                  typename Table::Rows& rows) {
    if (rows.count > kFewRows && rows.group == kNoGroup) rows.group = newGroup(table, rows);
    Writer out = matches.beginRecord(number);
    encodeValue(out, left.first);
    encodeValue(out, left.second);
    out.put(rows.group);
    const uint32_t here = rows.group == kNoGroup ? rows.count : 0;
    out.put(here);
    for (auto row = rows.first; here > 0 && row != Table::kNoRow; row = table.next(row))
      encodeValue(out, table.value(row));
    matches.endRecord();
  }

  uint32_t newGroup(const Table& table, const typename Table::Rows& rows) {
    SpilledPieces& group = groups_.emplace_back();
    Bytes piece;
    Writer out(piece);
    for (auto row = rows.first; row != Table::kNoRow; row = table.next(row)) {
      encodeValue(out, table.value(row));
      if (piece.size() >= SpilledPieces::kPieceBytes) group.add(task_, piece);
    }
    group.add(task_, piece);
    return static_cast<uint32_t>(groups_.size() - 1);
  }

  void copyMatches(GraceJoin& deeper, SequencedRuns& matches) {
    SequencedRuns parts(task_);
    deeper.run(parts);
    while (parts.next()) {
      Reader& in = parts.in();
      Writer out = matches.beginRecord(parts.number());
      encodeValue(out, decodeValue<K>(in));
      encodeValue(out, decodeValue<V>(in));
      out.put(in.get<uint32_t>());
      const auto here = in.get<uint32_t>();
      out.put(here);
      for (uint32_t i = 0; i < here; ++i) encodeValue(out, decodeValue<W>(in));
      matches.endRecord();
    }
  }

  TaskContext& task_;
  Groups& groups_;
  const int level_;
  SpilledBuckets right_;
  SpilledBuckets left_;
};

}  // namespace cerium
