// Cerium. Licensed under the Apache License 2.0.
#include "rdd/shuffle/sequenced_runs.h"

#include "rdd/task_context.h"

namespace cerium {

SequencedRuns::SequencedRuns(TaskContext& task) : task_(task) {}
SequencedRuns::~SequencedRuns() = default;

void SequencedRuns::beginRun() { runs_.emplace_back(); }

Writer SequencedRuns::beginRecord(uint64_t number) {
  Writer out(piece_);
  out.varint(number);
  return out;
}

void SequencedRuns::endRecord() {
  if (piece_.size() >= kPieceBytes) writePiece();
}

void SequencedRuns::endRun() {
  writePiece();
  if (runs_.back().pieces.empty()) runs_.pop_back();
}

void SequencedRuns::writePiece() {
  if (piece_.size() == 0) return;
  task_.checkInterrupted();
  runs_.back().pieces.push_back(spill(task_.services().spillSpace(), piece_.view()));
  task_.metrics().spilled_bytes += static_cast<int64_t>(piece_.size());
  piece_.clear();
}

bool SequencedRuns::next() {
  if (current_ != kNone) runs_[current_].has_record = false;
  current_ = kNone;
  for (size_t i = 0; i < runs_.size(); ++i) {
    if (!advance(runs_[i])) continue;
    if (current_ == kNone || runs_[i].number < runs_[current_].number) current_ = i;
  }
  return current_ != kNone;
}

/// Reads the number of the run's next record. Returns false at the end of the run.
bool SequencedRuns::advance(Run& run) {
  if (run.has_record) return true;
  if (run.in.atEnd()) {
    if (run.next_piece == run.pieces.size()) return false;
    task_.checkInterrupted();
    const SpilledPtr piece = std::move(run.pieces[run.next_piece++]);
    run.bytes = piece->read();
    run.in = Reader(run.bytes);
  }
  run.number = run.in.varint();
  return run.has_record = true;
}

}  // namespace cerium
