// Cerium. Licensed under the Apache License 2.0.
// What a table that outgrew memory has on disk: runs of encoded records, each cut into buckets by hash.
#pragma once

#include <array>
#include <vector>

#include "base/storage/spill_space.h"

namespace cerium {

class TaskContext;

class SpilledBuckets {
 public:
  static constexpr int kBuckets = 16;

  /// Four bits a level, from bits that the slots of a table of less than 2^28 entries do not use.
  [[nodiscard]] static int bucketOf(uint64_t hash, int level) {
    return static_cast<int>((hash >> (4 * (level % 8))) & (kBuckets - 1));
  }

  /// One run on its way to disk: for each bucket its records, and how many they are.
  class Run {
   public:
    Run();
    ~Run();
    Run(Run&&) noexcept;
    /// Where the next record of `bucket` is to be encoded.
    [[nodiscard]] Bytes& next(int bucket);
    [[nodiscard]] size_t bytes() const;

   private:
    friend class SpilledBuckets;
    std::array<Bytes, kBuckets> bytes_;
    std::array<uint64_t, kBuckets> counts_{};
  };

  SpilledBuckets();
  ~SpilledBuckets();
  SpilledBuckets(const SpilledBuckets&) = delete;
  SpilledBuckets& operator=(const SpilledBuckets&) = delete;

  /// Writes a run. Throws IoError where no disk takes it.
  void add(TaskContext& task, Run run);
  [[nodiscard]] size_t runs() const { return runs_.size(); }
  /// The records of one bucket of one run: a count, then the records.
  [[nodiscard]] Bytes read(size_t run, int bucket) const;

 private:
  std::vector<std::array<SpilledPtr, kBuckets>> runs_;
};

}  // namespace cerium
