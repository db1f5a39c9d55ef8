// Cerium. Licensed under the Apache License 2.0.
// Runs of records on disk, each ascending by a number that came with the record, merged back into one ascending stream:
// how what was cut into buckets regains the order of its input.
#pragma once

#include <optional>
#include <vector>

#include "base/serde/codec.h"
#include "rdd/task_context.h"

namespace cerium {

/// Write all runs, one after the other, then read. Each number occurs in one run only; in that run as often as one
/// likes, and such records keep their order.
/// In memory while it reads: one piece (kPieceBytes, or one record) a run. Threads: externally synchronised.
template <class R>
class SequencedRuns {
 public:
  explicit SequencedRuns(TaskContext& task) : task_(task) {}

  void beginRun() { runs_.emplace_back(); }
  void add(uint64_t number, const R& record) {
    Writer out(piece_);
    out.varint(number);
    encodeValue(out, record);
    if (piece_.size() >= kPieceBytes) writePiece();
  }
  void endRun() {
    writePiece();
    if (runs_.back().pieces.empty()) runs_.pop_back();
  }
  [[nodiscard]] bool empty() const { return runs_.empty(); }

  /// Calls `use(number, R&&)` with the next record in the order of the numbers; false at the end. O(runs) a record.
  template <class Use>
  bool next(Use&& use) {
    Run* first = nullptr;
    for (Run& run : runs_) {
      if (!run.head && !advance(run)) continue;
      if (first == nullptr || run.number < first->number) first = &run;
    }
    if (first == nullptr) return false;
    use(first->number, std::move(*first->head));
    first->head.reset();
    return true;
  }

 private:
  static constexpr size_t kPieceBytes = size_t{64} << 10;

  struct Run {
    std::vector<SpilledPtr> pieces;
    size_t next_piece = 0;
    Bytes bytes;
    Reader in{std::string_view()};
    std::optional<R> head;
    uint64_t number = 0;
  };

  void writePiece() {
    if (piece_.size() == 0) return;
    task_.checkInterrupted();
    runs_.back().pieces.push_back(spill(task_.services().spillSpace(), piece_.view()));
    task_.metrics().spilled_bytes += static_cast<int64_t>(piece_.size());
    piece_.clear();
  }

  /// Reads the run's next record into its head; false at its end.
  bool advance(Run& run) {
    if (run.in.atEnd()) {
      if (run.next_piece == run.pieces.size()) return false;
      task_.checkInterrupted();
      SpilledPtr piece = std::move(run.pieces[run.next_piece++]);
      run.bytes = piece->read();
      run.in = Reader(run.bytes);
    }
    run.number = run.in.varint();
    run.head.emplace(decodeValue<R>(run.in));
    return true;
  }

  TaskContext& task_;
  Bytes piece_;
  std::vector<Run> runs_;
};

}  // namespace cerium
