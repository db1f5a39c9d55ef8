// Cerium. Licensed under the Apache License 2.0.
// Runs of records on disk, each sorted by a number that came with the record, merged into one sorted stream: records
// that were cut into buckets get the order of their input again. Untyped, so that it is compiled once.
#pragma once

#include <vector>

#include "base/serde/wire.h"
#include "base/storage/spill_space.h"

namespace cerium {

class TaskContext;

/// Write all runs, one after the other, then read. A number occurs in one run only; several records of a run may have
/// the same number and keep their order. Memory while reading: one piece (kPieceBytes, or one record) for each run.
/// Threads: externally synchronised.
class SequencedRuns {
 public:
  explicit SequencedRuns(TaskContext& task);
  ~SequencedRuns();

  void beginRun();
  /// Begins a record of the run: encode it to the returned Writer, then call endRecord().
  [[nodiscard]] Writer beginRecord(uint64_t number);
  void endRecord();
  void endRun();

  /// Moves to the next record in the order of the numbers; decode the whole record from in(). Returns false at the end.
  /// O(runs).
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
    bool has_record = false;  ///< The number of the next record has been read.
  };

  void writePiece();
  bool advance(Run& run);

  TaskContext& task_;
  Bytes piece_;
  std::vector<Run> runs_;
  size_t current_ = kNone;
};

}  // namespace cerium
