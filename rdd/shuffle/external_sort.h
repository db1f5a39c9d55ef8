// Cerium. Licensed under the Apache License 2.0.
// The part of an external sort that does not know records: when to spill, and when to merge runs. ExternalSorter drives
// it for pairs; an operator on column batches drives it in the same way (tests/rdd/batch_operators_test.cc).
#pragma once

#include <vector>

#include "base/storage/memory_claim.h"
#include "rdd/shuffle/spilled_pieces.h"

namespace cerium {

/// The records of an external sort, in memory and as runs.
class SortBuffer {
 public:
  virtual ~SortBuffer() = default;
  /// The memory that the records take now, and that sorting them will take.
  [[nodiscard]] virtual size_t bytes() const = 0;
  /// Sorts the records in memory, stably, writes them to `run`, and forgets them.
  virtual void writeRun(SpilledPieces& run) = 0;
  /// Merges runs into one; equal records come in the order of the runs. Memory: one piece of each.
  virtual void mergeRuns(std::vector<SpilledPieces> runs, SpilledPieces& into) = 0;
};

/// Holds as many records in memory as the budget allows, and writes them as a sorted run when it does not. Many runs
/// are merged into one before more are written, so that a merge reads few (multiway merging: Knuth, TAOCP vol.
/// 3, 5.4.1). Threads: externally synchronised.
class ExternalSort {
 public:
  /// `buffer` outlives this.
  ExternalSort(TaskContext& task, SortBuffer& buffer);

  /// Call after records were put into the buffer: spills if they do not fit. Throws IoError if no disk takes them.
  void added();
  /// The runs on disk, in the order in which their records came. The records in memory come after them, and stay
  /// charged until this is destroyed. Call once, last.
  [[nodiscard]] std::vector<SpilledPieces> finish() { return std::move(runs_); }

 private:
  static constexpr size_t kMostRuns = 64;
  void spill();

  SortBuffer& buffer_;
  MemoryClaim claim_;
  std::vector<SpilledPieces> runs_;
};

}  // namespace cerium
