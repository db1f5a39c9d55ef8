// Cerium. Licensed under the Apache License 2.0.
// Encoded records on disk in pieces of bounded size, so that a reader holds only one piece. Untyped, so that it is
// compiled once.
#pragma once

#include <vector>

#include "base/serde/wire.h"
#include "base/storage/spill_space.h"

namespace cerium {

class TaskContext;

/// Write all pieces, then read from first to last. Threads: externally synchronised.
class SpilledPieces {
 public:
  static constexpr size_t kPieceBytes = size_t{64} << 10;

  /// Writes the contents of `piece` and clears it.
  void add(TaskContext& task, Bytes& piece);
  [[nodiscard]] size_t size() const { return pieces_.size(); }
  [[nodiscard]] Bytes read(TaskContext& task, size_t piece) const;
  /// Reads a piece and frees it on disk.
  [[nodiscard]] Bytes take(TaskContext& task, size_t piece);

 private:
  std::vector<SpilledPtr> pieces_;
};

}  // namespace cerium
