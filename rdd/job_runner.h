// Cerium. Licensed under the Apache License 2.0.
// The interface from an RDD to the scheduler. driver/ implements it, so that rdd/ does not include driver/.
#pragma once

#include <exception>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "rdd/accumulator_cell.h"
#include "rdd/task_body.h"

namespace cerium {

class Context;

/// A job: run `body` on `partitions` of its node, or make the whole output of `shuffle`.
struct JobRequest {
  std::shared_ptr<const TaskBody> body;
  NodePtr node;  ///< Keeps the lineage alive.
  std::vector<int> partitions;
  CallSite site;
  /// Called once for each index of `partitions` as results arrive, in any order, on the scheduler's thread. Must be
  /// quick and must not throw. May be null.
  std::function<void(size_t index, TaskResult&& result)> on_result;
  /// A shuffle whose output the job makes; null for a job with results. The job runs the map tasks whose output does
  /// not exist yet, and the tasks of the stages before them. `body` is null, `partitions` empty, `node` the parent.
  std::shared_ptr<ShuffleDependency> shuffle = {};
  /// Called before such a job ends, as on_result is.
  std::function<void(std::shared_ptr<const ShuffleSizes> sizes)> on_sizes = {};
};

/// A running or ended job.
class JobHandle {
 public:
  virtual ~JobHandle() = default;
  [[nodiscard]] virtual JobId id() const = 0;
  /// Blocks until the job has ended. Throws JobFailed if it failed or was cancelled.
  virtual void wait() = 0;
  [[nodiscard]] virtual bool isDone() const = 0;
  virtual void cancel(const std::string& reason) = 0;
  /// The JobFailed for the exception being handled, which a function of the program threw when the driver ran it on the
  /// job's results.
  [[nodiscard]] virtual std::exception_ptr failureInDriver() const = 0;
};

/// The functions of a Context that the lazy part of the API uses.
class JobRunner {
 public:
  virtual ~JobRunner() = default;
  virtual std::shared_ptr<JobHandle> submit(JobRequest job) = 0;
  /// Makes the output of a shuffle and returns its sizes: for a plan that is chosen by them. Blocks. A later job on the
  /// shuffle reads the output and does not run its map tasks again. Throws as an action does.
  std::shared_ptr<const ShuffleSizes> materialise(const std::shared_ptr<ShuffleDependency>& shuffle, CallSite site);

  virtual RddId nextRddId() = 0;
  /// The id of the Context.
  [[nodiscard]] virtual ContextId contextId() const = 0;
  /// Makes a shuffle dependency. Its blocks are dropped when the last handle is gone.
  virtual std::shared_ptr<ShuffleDependency> newShuffle(NodePtr parent, int num_reduces,
                                                        std::shared_ptr<const TaskBody> map_side) = 0;
  [[nodiscard]] virtual int defaultParallelism() const = 0;
  /// The number of partitions of a shuffle that names none: cerium.default.parallelism if set, else `largest_parent`.
  [[nodiscard]] virtual int shuffleParallelism(int largest_parent) const = 0;
  /// How many partitions take() computes first (cerium.rdd.limit.initialNumPartitions), and the factor for each further
  /// job (cerium.rdd.limit.scaleUpFactor).
  struct TakeSteps {
    int first = 1;
    int factor = 4;
  };
  [[nodiscard]] virtual TakeSteps takeSteps() const { return {}; }
  virtual Context& context() = 0;

  /// Sets the storage level. Cached partitions are dropped by unpersist(), or when the last handle of the RDD is gone.
  virtual void persist(RddNode& node, StorageLevel level) = 0;
  virtual void unpersist(const RddNode& node, bool blocking) = 0;
  /// Runs `action` on the caller's thread after the first job that computes `node`.
  virtual void whenFirstComputed(const NodePtr& node, std::function<void()> action) = 0;
  /// The application's folder in the folder of setCheckpointDir. Throws InvalidArgument if none was set.
  [[nodiscard]] virtual std::string checkpointDir() const = 0;
};

using JobRunnerPtr = std::shared_ptr<JobRunner>;

}  // namespace cerium
