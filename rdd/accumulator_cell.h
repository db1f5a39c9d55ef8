// Cerium. Licensed under the Apache License 2.0.
// The untyped part of an accumulator that one task, or the driver, holds.
#pragma once

#include <memory>

#include "base/serde/wire.h"
#include "base/util/ids.h"
#include "rdd/entry_table.h"

namespace cerium {

/// Threads: externally synchronised; only a task's own thread uses its cell.
class AccumulatorCell {
 public:
  virtual ~AccumulatorCell() = default;
  virtual void encode(Writer& out) const = 0;
  /// Adds the encoded value of another cell of the same accumulator.
  virtual void merge(Reader& in) = 0;
  virtual void mergeCell(const AccumulatorCell& other) = 0;
};

/// Makes cells: holds the zero value and the operation. Sent to every executor when the accumulator is made.
class AccumulatorFactory {
 public:
  virtual ~AccumulatorFactory() = default;
  [[nodiscard]] virtual std::unique_ptr<AccumulatorCell> newCell() const = 0;
  [[nodiscard]] virtual EntryId entry() const = 0;
  virtual void encode(Writer& out) const = 0;
};

}  // namespace cerium
