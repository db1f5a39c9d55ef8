// Cerium. Licensed under the Apache License 2.0.
// The accumulators of this process by id: in the driver with their values, in an executor how to make cells.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "rdd/accumulator_cell.h"

namespace cerium {

/// Threads: all methods from any thread.
class AccumulatorRegistry {
 public:
  static AccumulatorRegistry& instance();

  /// Makes an accumulator in the driver, for the tasks of one Context.
  AccumulatorId add(std::shared_ptr<const AccumulatorFactory> factory, std::string name, ContextId context);
  /// Makes one known in an executor, under the driver's id.
  void define(AccumulatorId id, std::shared_ptr<const AccumulatorFactory> factory);
  /// For a task of `context`. Throws InvalidArgument for an accumulator of another one.
  [[nodiscard]] std::unique_ptr<AccumulatorCell> newCell(AccumulatorId id, ContextId context);
  /// Adds a finished task's part to the driver's value.
  void merge(AccumulatorId id, const AccumulatorCell& cell);
  void merge(AccumulatorId id, Reader& encoded);
  /// Runs `use` on the driver's cell under its lock. Throws InvalidArgument in an executor, which has no value.
  void access(AccumulatorId id, const std::function<void(AccumulatorCell&)>& use);
  /// Runs `use` on a cell to add to, on a thread that is no task's own: that of the task that has started the thread,
  /// else the driver's. Throws InvalidArgument where that task has ended, or the Context was stopped.
  void addOffTask(AccumulatorId id, const std::function<void(AccumulatorCell&)>& use);
  /// The Context was stopped: its accumulators can be read, and no longer be added to.
  void close(ContextId context);
  /// "accumulator 3 (bad lines)", for errors.
  [[nodiscard]] std::string describe(AccumulatorId id);
  /// Every accumulator of `context` from `first` on, encoded as executors are sent it; `next` is where to go on.
  [[nodiscard]] std::vector<std::pair<AccumulatorId, Bytes>> encodedFrom(ContextId context, int64_t first,
                                                                         int64_t& next);
  /// The executor's side of encodedFrom. What code of the program's throws here, or threw there, comes again where a
  /// task uses the accumulator.
  void defineEncoded(AccumulatorId id, const Bytes& encoded);

 private:
  AccumulatorRegistry() = default;
  struct State;
  static State& state();
};

}  // namespace cerium
