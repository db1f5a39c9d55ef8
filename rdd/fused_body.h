// Cerium. Licensed under the Apache License 2.0.
// The single loop of a task: a stream, a pipe of narrow operations and an end that consumes the records, compiled
// together.
#pragma once

#include "rdd/narrow_functions.h"
#include "rdd/task_body.h"
#include "rdd/typed_node.h"

namespace cerium {

/// A task body of three parts that the compiler sees at once: the stream of S, the pipe P, and the end. End has `R
/// run(TaskContext&, Input<S, P>&)`; for a map stage it returns a MapOutput.
template <class S, class P, class End>
class FusedBody final : public TaskBody {
 public:
  FusedBody(NodePtr node, P pipe, End end) : node_(std::move(node)), pipe_(std::move(pipe)), end_(std::move(end)) {}

  [[nodiscard]] const RddNode& node() const override { return *node_; }
  [[nodiscard]] EntryId entry() const override { return Entry<EntryKind::kTask, &FusedBody::decode>::id(); }
  void encode(Writer& out) const override {
    pipe_.encode(out);
    end_.encode(out);
  }
  void visitClosures(const ClosureVisitor& visit) const override {
    pipe_.visit(visit);
    end_.visit(visit);
  }

  void run(TaskContext& task, TaskOutput& out) const override {
    // Each task has its own copy of the functions, so that a function with state needs no lock.
    End end = end_;
    narrow::Input<S, P> input(task, static_cast<const Node<S>&>(*node_).open(task, task.partitionId()), pipe_);
    if constexpr (End::kIsMapSide) {
      out.map_output = end.run(task, input);
    } else {
      out.value = shareErased(end.run(task, input));
    }
  }

  void encodeResult([[maybe_unused]] const void* value, [[maybe_unused]] Writer& out) const override {
    if constexpr (!End::kIsMapSide) encodeValue(out, *static_cast<const Result*>(value));
  }
  [[nodiscard]] size_t encodedResultBytes([[maybe_unused]] const void* value) const override {
    if constexpr (End::kIsMapSide) {
      return 0;
    } else {
      return serde::encodedBytes<true>(*static_cast<const Result*>(value));
    }
  }

  static TaskBodyPtr decode(NodePtr node, Reader& in) {
    P pipe = P::decode(in);
    return TaskBodyPtr(static_cast<const TaskBody*>(new FusedBody(std::move(node), std::move(pipe), End::decode(in))));
  }

 private:
  using Result = decltype(std::declval<End&>().run(std::declval<TaskContext&>(), std::declval<narrow::Input<S, P>&>()));

  NodePtr node_;
  P pipe_;
  End end_;
};
using TaskDecoder = TaskBodyPtr (*)(NodePtr, Reader&);

/// A FusedBody behind the pointer that jobs and shuffles hold.
template <class S, class P, class End>
TaskBodyPtr fusedBody(NodePtr node, P pipe, End end) {
  return TaskBodyPtr(
      static_cast<const TaskBody*>(new FusedBody<S, P, End>(std::move(node), std::move(pipe), std::move(end))));
}

}  // namespace cerium
