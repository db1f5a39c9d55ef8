// Cerium. Licensed under the Apache License 2.0.
// What an operator that outgrew memory has on disk: records cut into buckets by their key's hash, each bucket in the
// order in which it was written.
#pragma once

#include <array>
#include <vector>

#include "base/serde/codec.h"
#include "base/storage/memory_manager.h"
#include "base/storage/spill_space.h"

namespace cerium {

class TaskContext;

/// Threads: externally synchronised.
class SpilledBuckets {
 public:
  static constexpr int kBitsALevel = 4;
  static constexpr int kBuckets = 1 << kBitsALevel;
  /// As often as this keys can be told apart by bucketOf(); beyond it they have almost surely one hash.
  static constexpr int kLevels = 10;

  /// From the high bits downwards, so that buckets are in the order of the numbers.
  [[nodiscard]] static int bucketOf(uint64_t number, int level) {
    return static_cast<int>((number >> (64 - kBitsALevel * (level + 1))) & (kBuckets - 1));
  }

  explicit SpilledBuckets(TaskContext& task);
  ~SpilledBuckets();
  SpilledBuckets(const SpilledBuckets&) = delete;
  SpilledBuckets& operator=(const SpilledBuckets&) = delete;

  /// Appends a record, which `encode(Writer&)` writes, to a bucket. Throws IoError where no disk takes it.
  template <class Encode>
  void add(int bucket, Encode&& encode) {
    Bytes& bytes = pending_[static_cast<size_t>(bucket)];
    const size_t before = bytes.size();
    Writer out(bytes);
    encode(out);
    pending_bytes_ += bytes.size() - before;
    if (pending_bytes_ >= kRunBytes) [[unlikely]]
      flush();
  }
  /// Writes what is still in memory; call it before the first read.
  void flush();

  /// Calls `decode(Reader&)` for each record of a bucket.
  template <class Decode>
  void eachOf(int bucket, Decode&& decode) const {
    for (size_t run = 0; run < runs_.size(); ++run) {
      const Bytes bytes = read(run, bucket);
      for (Reader in(bytes); !in.atEnd();) decode(in);
    }
  }

 private:
  [[nodiscard]] Bytes read(size_t run, int bucket) const;

  static constexpr size_t kRunBytes = size_t{1} << 20;  // large enough to write, little beside any budget

  TaskContext& task_;
  Reservation reserved_;  // of the pending bytes
  std::array<Bytes, kBuckets> pending_;
  size_t pending_bytes_ = 0;
  std::vector<std::array<SpilledPtr, kBuckets>> runs_;
};

}  // namespace cerium
