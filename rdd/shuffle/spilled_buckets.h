// Cerium. Licensed under the Apache License 2.0.
// The records of an operator that exceeds memory, on disk: cut into buckets by their key's hash, each bucket in the
// order of writing. Untyped, so that it is compiled once.
#pragma once

#include <array>
#include <vector>

#include "base/serde/wire.h"
#include "base/storage/memory_manager.h"
#include "base/storage/spill_space.h"

namespace cerium {

class TaskContext;

/// Buckets of one level. Threads: externally synchronised.
class SpilledBuckets {
 public:
  static constexpr int kBitsALevel = 4;
  static constexpr int kBuckets = 1 << kBitsALevel;
  /// How many levels bucketOf() can tell apart; keys that are still together after them almost surely have the same
  /// hash.
  static constexpr int kLevels = 10;

  /// Uses the high bits first, so that buckets are in the order of the numbers.
  [[nodiscard]] static int bucketOf(uint64_t number, int level) {
    return static_cast<int>((number >> (64 - kBitsALevel * (level + 1))) & (kBuckets - 1));
  }

  explicit SpilledBuckets(TaskContext& task);
  ~SpilledBuckets();
  SpilledBuckets(const SpilledBuckets&) = delete;
  SpilledBuckets& operator=(const SpilledBuckets&) = delete;

  /// Begins a record of a bucket: encode it to the returned Writer, then call endRecord().
  [[nodiscard]] Writer beginRecord(int bucket);
  /// Throws IoError if no disk takes the gathered records.
  void endRecord();
  /// Writes the records still in memory. Call it before the first read.
  void flush();

  /// Reads the records of one bucket: while (records.next()) decode(records.in()).
  class Records {
   public:
    Records(const SpilledBuckets& spilled, int bucket) : spilled_(spilled), bucket_(static_cast<size_t>(bucket)) {}
    bool next();
    [[nodiscard]] Reader& in() { return in_; }

   private:
    const SpilledBuckets& spilled_;
    const size_t bucket_;
    size_t run_ = 0;
    Bytes bytes_;
    Reader in_{std::string_view()};
  };

 private:
  static constexpr size_t kRunBytes = size_t{1} << 20;  // large enough to write, small compared with any budget

  TaskContext& task_;
  Reservation reserved_;  // of the pending bytes
  std::array<Bytes, kBuckets> pending_;
  size_t open_ = 0;        ///< The bucket of the last record.
  size_t open_begin_ = 0;  ///< Where the last record begins.
  size_t pending_bytes_ = 0;
  std::vector<std::array<SpilledPtr, kBuckets>> runs_;
};

}  // namespace cerium
