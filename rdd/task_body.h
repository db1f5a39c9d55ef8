// Cerium. Licensed under the Apache License 2.0.
// What the tasks of one stage run, untyped: the loop over a partition of `node`, ended by an action or a shuffle write.
#pragma once

#include <memory>
#include <optional>

#include "rdd/node.h"
#include "rdd/task_context.h"

namespace cerium {

/// The value of a result task: typed where it stays in the process, encoded where it travels.
struct TaskResult {
  std::shared_ptr<void> value;
  Bytes encoded;
};

/// What one task yields: a result for the driver, or map output that stays on the executor.
struct TaskOutput {
  std::shared_ptr<void> value;
  std::optional<MapOutput> map_output;
};

/// Immutable; shared by the tasks of a stage, which run it at the same time.
class TaskBody {
 public:
  virtual ~TaskBody() = default;
  /// The RDD whose partitions the tasks compute.
  [[nodiscard]] virtual const RddNode& node() const = 0;
  [[nodiscard]] virtual EntryId entry() const = 0;
  virtual void encode(Writer& out) const = 0;
  virtual void visitClosures(const ClosureVisitor& visit) const = 0;
  /// Computes one partition, on the task's thread. User exceptions pass through.
  virtual void run(TaskContext& task, TaskOutput& out) const = 0;
  virtual void encodeResult(const void* value, Writer& out) const = 0;
  /// How many bytes that will write.
  [[nodiscard]] virtual size_t encodedResultBytes(const void* value) const = 0;
};
using TaskBodyPtr = std::shared_ptr<const TaskBody>;

}  // namespace cerium
