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

  /// Makes an accumulator in the driver.
  AccumulatorId add(std::shared_ptr<const AccumulatorFactory> factory, std::string name);
  /// Makes one known in an executor, under the driver's id.
  void define(AccumulatorId id, std::shared_ptr<const AccumulatorFactory> factory);
  [[nodiscard]] std::unique_ptr<AccumulatorCell> newCell(AccumulatorId id);
  /// Adds a finished task's part to the driver's value.
  void merge(AccumulatorId id, const AccumulatorCell& cell);
  void merge(AccumulatorId id, Reader& encoded);
  /// Runs `use` on the driver's cell under its lock. Throws InvalidArgument in an executor, which has no value.
  void access(AccumulatorId id, const std::function<void(AccumulatorCell&)>& use);
  /// Every accumulator from `first` on, encoded as executors are sent it; `next` is where to go on.
  [[nodiscard]] std::vector<std::pair<AccumulatorId, Bytes>> encodedFrom(int64_t first, int64_t& next);
  /// The executor's side of encodedFrom.
  void defineEncoded(AccumulatorId id, const Bytes& encoded);

 private:
  AccumulatorRegistry() = default;
  struct State;
  static State& state();
};

}  // namespace cerium
