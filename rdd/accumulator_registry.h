// Cerium. Licensed under the Apache License 2.0.
// The accumulators of this process by id: their values in the driver, and how to make cells in an executor.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "rdd/accumulator_cell.h"

namespace cerium {

/// The registry of the process. Threads: all methods from any thread.
class AccumulatorRegistry {
 public:
  static AccumulatorRegistry& instance();

  /// Makes an accumulator in the driver for the tasks of one Context.
  AccumulatorId add(std::shared_ptr<const AccumulatorFactory> factory, std::string name, ContextId context);
  /// Adds the driver's accumulator to an executor's registry.
  void define(AccumulatorId id, std::shared_ptr<const AccumulatorFactory> factory);
  /// A new cell for a task of `context`. Throws InvalidArgument if the accumulator belongs to another Context.
  [[nodiscard]] std::unique_ptr<AccumulatorCell> newCell(AccumulatorId id, ContextId context);
  /// Adds a finished task's part to the driver's value.
  void merge(AccumulatorId id, const AccumulatorCell& cell);
  void merge(AccumulatorId id, Reader& encoded);
  /// Runs `use` on the driver's cell under its lock. Throws InvalidArgument in an executor, which has no value.
  void access(AccumulatorId id, const std::function<void(AccumulatorCell&)>& use);
  /// Runs `use` on the cell for a thread that is not a task's own: the cell of the task that started the thread, else
  /// the driver's. Throws InvalidArgument if that task has ended or the Context was stopped.
  void addOffTask(AccumulatorId id, const std::function<void(AccumulatorCell&)>& use);
  /// Called when the Context is stopped: its accumulators can still be read but not added to.
  void close(ContextId context);
  /// "accumulator 3 (bad lines)", for errors.
  [[nodiscard]] std::string describe(AccumulatorId id);
  /// The accumulators of `context` from id `first` on, encoded for executors. Sets `next` to the `first` of the next
  /// call.
  [[nodiscard]] std::vector<std::pair<AccumulatorId, Bytes>> encodedFrom(ContextId context, int64_t first,
                                                                         int64_t& next);
  /// Takes what encodedFrom() made, in an executor. If the program's code throws here, or threw there, the exception is
  /// thrown again when a task uses the accumulator.
  void defineEncoded(AccumulatorId id, const Bytes& encoded);

 private:
  AccumulatorRegistry() = default;
  struct State;
  static State& state();
};

}  // namespace cerium
