// Cerium. Licensed under the Apache License 2.0.
// The untyped code of a stage's tasks: the loop over a partition of `node` and its end, an action or a shuffle write.
#pragma once

#include <memory>
#include <optional>

#include "rdd/node.h"
#include "rdd/task_context.h"

namespace cerium {

/// The value of a result task: typed within a process, encoded between processes.
struct TaskResult {
  std::shared_ptr<void> value;
  Bytes encoded;
};

/// The output of one task: a result for the driver, or map output that stays on the executor.
struct TaskOutput {
  std::shared_ptr<void> value;
  std::optional<MapOutput> map_output;
};

/// The code of a stage. Immutable; the tasks of a stage run it at the same time.
class TaskBody {
 public:
  virtual ~TaskBody() = default;
  /// The RDD whose partitions the tasks compute.
  [[nodiscard]] virtual const RddNode& node() const = 0;
  [[nodiscard]] virtual EntryId entry() const = 0;
  virtual void encode(Writer& out) const = 0;
  virtual void visitClosures(const ClosureVisitor& visit) const = 0;
  /// Computes one partition on the task's thread. Exceptions of user code pass through.
  virtual void run(TaskContext& task, TaskOutput& out) const = 0;
  virtual void encodeResult(const void* value, Writer& out) const = 0;
  /// The number of bytes that encodeResult() writes.
  [[nodiscard]] virtual size_t encodedResultBytes(const void* value) const = 0;
};
using TaskBodyPtr = std::shared_ptr<const TaskBody>;

}  // namespace cerium
