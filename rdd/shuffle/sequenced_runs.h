// Cerium. Licensed under the Apache License 2.0.
// Runs of records on disk, each ascending by a number that came with the record, merged back into one ascending stream:
// how what was cut into buckets regains the order of its input. Untyped, so that it is compiled once.
#pragma once

#include <vector>

#include "base/serde/wire.h"
#include "base/storage/spill_space.h"

namespace cerium {

class TaskContext;

/// Write all runs, one after the other, then read. Each number occurs in one run only, there as often as one likes, and
/// such records keep their order.
/// In memory while it reads: one piece (kPieceBytes, or one record) a run. Threads: externally synchronised.
class SequencedRuns {
 public:
  explicit SequencedRuns(TaskContext& task);
  ~SequencedRuns();

  void beginRun();
  /// Appends a record to the run: encode it to this, then call endRecord().
  [[nodiscard]] Writer beginRecord(uint64_t number);
  void endRecord();
  void endRun();

  /// Moves to the next record in the order of the numbers: decode it from in(), all of it. False at the end. O(runs).
  bool next();
  [[nodiscard]] Reader& in() { return runs_[current_].in; }
  [[nodiscard]] uint64_t number() const { return runs_[current_].number; }

 private:
  static constexpr size_t kPieceBytes = size_t{64} << 10;
  static constexpr size_t kNone = ~size_t{0};

  struct Run {
    std::vector<SpilledPtr> pieces;
    size_t next_piece = 0;
    Bytes bytes;
    Reader in{std::string_view()};
    uint64_t number = 0;
    bool has_record = false;  ///< Its number has been read.
  };

  void writePiece();
  bool advance(Run& run);

  TaskContext& task_;
  Bytes piece_;
  std::vector<Run> runs_;
  size_t current_ = kNone;
};

}  // namespace cerium
