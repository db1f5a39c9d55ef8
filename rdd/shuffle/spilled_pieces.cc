// Cerium. Licensed under the Apache License 2.0.
#include "rdd/shuffle/spilled_pieces.h"

#include "rdd/task_context.h"

namespace cerium {

void SpilledPieces::add(TaskContext& task, Bytes& piece) {
  if (piece.empty()) return;
  task.checkInterrupted();
  pieces_.push_back(spill(task.services().spillSpace(), piece.view()));
  task.metrics().spilled_bytes += static_cast<int64_t>(piece.size());
  piece.clear();
}

Bytes SpilledPieces::read(TaskContext& task, size_t piece) const {
  task.checkInterrupted();
  return pieces_[piece]->read();
}

Bytes SpilledPieces::take(TaskContext& task, size_t piece) {
  Bytes bytes = read(task, piece);
  pieces_[piece].reset();
  return bytes;
}

}  // namespace cerium
