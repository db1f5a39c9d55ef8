// Cerium. Licensed under the Apache License 2.0.
// One task's, or the driver's, part of an accumulator, untyped.
#pragma once

#include <memory>

#include "base/serde/wire.h"
#include "base/util/ids.h"
#include "rdd/entry_table.h"

namespace cerium {

/// Threads: externally synchronised; a task's own cell is used by its thread only.
class AccumulatorCell {
 public:
  virtual ~AccumulatorCell() = default;
  virtual void encode(Writer& out) const = 0;
  /// Adds what another cell of the same accumulator encoded.
  virtual void merge(Reader& in) = 0;
  virtual void mergeCell(const AccumulatorCell& other) = 0;
};

/// How to make a cell: zero value and operation. Sent to every executor when the accumulator is made.
class AccumulatorFactory {
 public:
  virtual ~AccumulatorFactory() = default;
  [[nodiscard]] virtual std::unique_ptr<AccumulatorCell> newCell() const = 0;
  [[nodiscard]] virtual EntryId entry() const = 0;
  virtual void encode(Writer& out) const = 0;
};

}  // namespace cerium
